"""`ray`, the engine, on a real cluster of two nodes: the same bytes as without it, whoever dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
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
    pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL"),
    # sockets and logs that Ray leaves to the garbage collector
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def cluster(s3_server: None) -> Iterator[Any]:
    """Two nodes of one core each, which know the way to the S3 server."""
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
def whole(red_model: Path, photos: Path) -> dict[str, bytes]:
    """What one machine writes."""
    output = photos.parent / "whole" / "p.csv"
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
class Touching:
    """Work that notes in a file which process does which part, and takes a while; `deadly` parts
    end the process, `once` or always."""

    folder: Path
    seconds: float = 0.05
    deadly: int | None = None
    cores: int = 1

    def open(self) -> Callable[[int], int]:
        def do(part: int) -> int:
            with (self.folder / f"{part}").open("a") as file:
                file.write(f"{os.getpid()}\n")
            if part == self.deadly:
                os._exit(1)
            time.sleep(self.seconds)
            return part * part

        return do


@pytest.fixture
def do_parts(cluster: Any) -> Callable[..., Iterator[tuple[int, int]]]:
    """A function that has numbers squared on the cluster."""
    import ray.cloudpickle

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    engine = plugins().get(Engine, "ray")
    options = {"ray_address": cluster.address, "ray_workers": None, "ray_gpus": 0.0}
    return lambda work, parts: engine.map(work, iter(parts), options)


def test_the_engine_keeps_the_contract(cluster) -> None:
    check_engine(plugins().get(Engine, "ray"), {"ray_address": cluster.address})


def test_predictions_are_those_of_one_machine(cluster, red_model, photos, whole, tmp_path) -> None:
    command = [
        "predict",
        str(red_model),
        str(photos),
        "--output",
        str(tmp_path / "p.csv"),
        *on_cluster(cluster),
    ]
    assert run(command) == 3
    assert files(tmp_path) == whole


def test_a_dataset_is_that_of_one_machine(cluster, photos, tmp_path) -> None:
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


def test_photos_and_outputs_in_a_bucket_give_the_same(
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


def test_what_a_dead_worker_was_at_is_done_again(do_parts, tmp_path) -> None:
    results = do_parts(Touching(tmp_path), range(40))
    came = [next(results)]
    victim = int((tmp_path / str(came[0][0])).read_text())
    os.kill(victim, signal.SIGKILL)
    came += results
    assert sorted(came) == [(number, number * number) for number in range(40)]
    assert max(len(path.read_text().split()) for path in tmp_path.iterdir()) <= 2


def test_a_part_that_three_workers_die_of_is_an_error(do_parts, tmp_path) -> None:
    """And no other is blamed whose result the dead worker had no time to send."""
    with pytest.raises(InputError, match="3 workers died of 5: "):
        list(do_parts(Touching(tmp_path, seconds=0, deadly=5), range(10)))
    assert len((tmp_path / "5").read_text().split()) == 3


def test_a_run_whose_driver_was_killed_goes_on_with_the_parts_that_are_whole(
    cluster, red_model, photos, whole, tmp_path, capsys
) -> None:
    command = [
        "predict",
        str(red_model),
        str(photos),
        "--output",
        str(tmp_path / "p.csv"),
        *on_cluster(cluster)[:-1],
    ]
    parts = tmp_path / "p.csv.parts"
    killed = subprocess.Popen([sys.executable, "-c", "from ctc.cli import main; main()", *command])
    while killed.poll() is None and not list(parts.glob("*.part")):
        time.sleep(0.01)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert list(parts.glob("*.part"))
    assert run(command) == 3
    told = capsys.readouterr().err
    assert f"resuming from '{parts}'; delete it to start over" in told
    assert " earlier\n" in told
    assert files(tmp_path) == whole


def test_a_node_that_goes_takes_nothing_with_it(cluster, do_parts, tmp_path) -> None:
    """Nor does one that never comes back hold anything up. The last test: the cluster is smaller
    then."""
    results = do_parts(Touching(tmp_path), range(40))
    came = [next(results), next(results)]
    cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
    came += results
    assert sorted(came) == [(number, number * number) for number in range(40)]
