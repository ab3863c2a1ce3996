"""The engine `ray` on a real cluster of two nodes: same bytes as without it, whatever dies."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ctc.cli.main import run
from ctc.errors import InputError
from ctc.plugin import Engine
from ctc.plugin.manager import plugins
from ctc.storage.remote_files import upload
from ctc.testing import check_engine

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
PHOTOS = 400
BROKEN = "0100.png"

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL"),
    # Ray leaves sockets and logs to the garbage collector
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def cluster(s3_server: None) -> Iterator[Any]:
    """Two nodes of one core each, with the S3 server in their environment."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    nodes.add_node(**NODE)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos of many colours, one of them broken."""
    folder = tmp_path_factory.mktemp("scale") / "photos"
    folder.mkdir()
    for number in range(PHOTOS):
        Image.new("RGB", (48, 32), (number % 256, 40, 255 - number % 256)).save(
            folder / f"{number:04}.png"
        )
    (folder / BROKEN).write_text("no photo")
    return folder


@pytest.fixture(scope="module")
def expected_files(red_model: Path, photos: Path) -> dict[str, bytes]:
    """Output files of a prediction on one machine."""
    output = photos.parent / "one_machine" / "p.csv"
    assert run(["predict", str(red_model), str(photos), "--output", str(output), "--quiet"]) == 3
    return files(output.parent)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def on_cluster(cluster: Any) -> list[str]:
    return ["--engine", "ray", "--ray-address", cluster.address, "--quiet"]


@dataclass(frozen=True)
class SquareTask:
    """Task that squares numbers and logs in a file per part which process did it.

    The part `deadly` ends the process.
    """

    folder: Path
    seconds: float = 0.05
    deadly: int | None = None
    cores: int = 1

    def open(self) -> Callable[[int], int]:
        def square(part: int) -> int:
            with (self.folder / f"{part}").open("a") as file:
                file.write(f"{os.getpid()}\n")
            if part == self.deadly:
                os._exit(1)
            time.sleep(self.seconds)
            return part * part

        return square


@pytest.fixture
def square_on_cluster(cluster: Any) -> Callable[..., Iterator[tuple[int, int]]]:
    """A function that runs a SquareTask on the cluster."""
    import ray.cloudpickle

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    engine = plugins().get(Engine, "ray")
    options = {"ray_address": cluster.address, "ray_workers": None, "ray_gpus": 0.0}
    return lambda task, parts: engine.map(task, iter(parts), options)


def test_ray_engine_passes_check_engine(cluster) -> None:
    check_engine(plugins().get(Engine, "ray"), {"ray_address": cluster.address})


def test_predict_on_ray_gives_same_as_one_machine(
    cluster, red_model, photos, expected_files, tmp_path
) -> None:
    command = [
        "predict",
        str(red_model),
        str(photos),
        "--output",
        str(tmp_path / "p.csv"),
        *on_cluster(cluster),
    ]
    assert run(command) == 3
    assert files(tmp_path) == expected_files


def test_update_on_ray_gives_same_as_one_machine(
    cluster, red_model, photos, expected_files, tmp_path
) -> None:
    """Most of it is taken over from a run on this machine alone."""
    output = tmp_path / "out" / "p.csv"
    update = ["predict", str(red_model), str(photos), "--output", str(output), "--update"]
    for number in range(0, PHOTOS, 10):
        (photos / f"{number:04}.png").rename(tmp_path / f"{number:04}.png")
    assert run([*update, str(output), "--quiet"]) == 0
    for number in range(0, PHOTOS, 10):
        (tmp_path / f"{number:04}.png").rename(photos / f"{number:04}.png")
    assert run([*update, str(output), *on_cluster(cluster)]) == 3
    assert {"p.csv.answers", *expected_files} == files(output.parent).keys()
    assert files(output.parent).items() >= expected_files.items()


def test_dataset_on_ray_is_same_as_one_machine(cluster, photos, tmp_path) -> None:
    inventory = tmp_path / "inventory.parquet"
    assert (
        run(["inventory", "folders", str(photos.parent), "--output", str(inventory), "--quiet"])
        == 0
    )
    options = [
        "dataset",
        str(inventory),
        "--events-per-shard",
        "50",
        "--smallest-side",
        "16",
        "--quiet",
    ]
    assert run([*options, "--output", str(tmp_path / "here")]) == 3
    assert run([*options, "--output", str(tmp_path / "there"), *on_cluster(cluster)]) == 3
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_predict_on_ray_with_bucket_gives_same(
    cluster, red_model, photos, bucket, tmp_path
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for number in range(80, 160):
        shutil.copy(photos / f"{number:04}.png", some)
    upload(some, bucket / "some")
    options = ["--events-per-shard", "20", "--smallest-side", "16", "--quiet"]
    for start, engine in ((tmp_path, []), (bucket, on_cluster(cluster))):
        assert (
            run(["inventory", "folders", f"{start}", "--output", f"{start}/i.parquet", "--quiet"])
            == 0
        )
        assert (
            run(["predict", str(red_model), f"{start}/some", "--output", f"{start}/p.csv", *engine])
            == 3
        )
        assert (
            run(
                ["dataset", f"{start}/i.parquet", "--output", f"{start}/dataset", *options, *engine]
            )
            == 3
        )
    assert (bucket / "p.csv").read_text() == (tmp_path / "p.csv").read_text().replace(
        f"{tmp_path}", f"{bucket}"
    )
    for path in (tmp_path / "dataset").iterdir():
        assert path.read_bytes() == (bucket / "dataset" / path.name).read_bytes()


def test_ray_engine_repeats_parts_of_dead_worker(square_on_cluster, tmp_path) -> None:
    results = square_on_cluster(SquareTask(tmp_path), range(40))
    squares = [next(results)]
    victim = int((tmp_path / str(squares[0][0])).read_text())
    os.kill(victim, signal.SIGKILL)
    squares += results
    assert sorted(squares) == [(number, number * number) for number in range(40)]
    assert max(len(path.read_text().split()) for path in tmp_path.iterdir()) <= 2


def test_ray_engine_fails_after_three_worker_deaths(square_on_cluster, tmp_path) -> None:
    """No other part is blamed whose result the dead worker had no time to send."""
    with pytest.raises(InputError, match="3 workers died of 5: "):
        list(square_on_cluster(SquareTask(tmp_path, seconds=0, deadly=5), range(10)))
    assert len((tmp_path / "5").read_text().split()) == 3


def test_predict_on_ray_resumes_after_killed_driver(
    cluster, red_model, photos, expected_files, tmp_path, capsys, kill_after_first_part
) -> None:
    output = ["--output", str(tmp_path / "p.csv")]
    command = ["predict", str(red_model), str(photos), *output, *on_cluster(cluster)[:-1]]
    parts = tmp_path / "p.csv.parts"
    kill_after_first_part("ctc_plugins.engines.ray_cluster", command)
    assert list(parts.glob("*.part"))
    assert run(command) == 3
    messages = capsys.readouterr().err
    assert f"resuming from '{parts}'; delete it to start over" in messages
    assert " in an earlier run\n" in messages
    assert files(tmp_path) == expected_files


def test_ray_engine_survives_lost_node(cluster, square_on_cluster, tmp_path) -> None:
    """A node that never comes back blocks nothing.

    This is the last test, since the cluster is smaller afterwards.
    """
    results = square_on_cluster(SquareTask(tmp_path), range(40))
    squares = [next(results), next(results)]
    cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
    squares += results
    assert sorted(squares) == [(number, number * number) for number in range(40)]
