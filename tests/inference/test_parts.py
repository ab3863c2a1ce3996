"""A run in parts, through the engine `local`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.errors import CtcError, InputError, UsageError
from ctc.inference.events.event import Event
from ctc.inference.run.chunks import (
    MAX_CHUNK_PHOTOS,
    exclusive_lock,
    photos_per_chunk,
    split_events,
)
from ctc.inference.run.engine_job import prepare_engine_job
from ctc.inference.run.job import PredictConfig, prepare_job
from ctc.inference.run.shards import ShardSpec
from ctc.plugin.manager import plugins


def silent(photos: int, failed: int) -> None:
    """Nobody watches."""


@pytest.fixture
def photos(draw, tmp_path: Path) -> Path:
    """A folder of 100 photos, one of them broken."""
    for number in range(100):
        draw(f"photos/{number:02}.png", (2 * number, 0, 255 - 2 * number))
    (tmp_path / "photos" / "07.png").write_text("no photo")
    return tmp_path / "photos"


def files(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.parent.iterdir() if path.is_file()}


def in_parts(model: Path, source: Path, output: Path, **options):
    return prepare_engine_job(
        PredictConfig(model, (source,), output, **options), "local", plugins()
    )


@pytest.mark.parametrize("name", ["p.csv", "p.json"])
def test_the_output_is_that_of_one_run(model, photos, tmp_path, name: str) -> None:
    prepare_job(PredictConfig(model, (photos,), tmp_path / "whole" / name), plugins()).run(silent)
    summary = in_parts(model, photos, tmp_path / "parted" / name, engine="local").run(silent)
    assert (summary.events, summary.photos, summary.failed, summary.resumed) == (99, 100, 1, 0)
    assert files(tmp_path / "parted" / name) == files(tmp_path / "whole" / name)
    assert not (tmp_path / "parted" / f"{name}.parts").exists()


def interrupted(model: Path, photos: Path, output: Path) -> None:
    """Ctrl-C when the first outcomes are there."""

    def stop(photos: int, failed: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parts(model, photos, output, engine="local").run(stop)


def test_parts_that_are_whole_are_kept_for_the_same_run_and_no_other(
    model, build_model, photos, tmp_path
) -> None:
    output = tmp_path / "p.csv"
    interrupted(model, photos, output)
    other = build_model("other.onnx", bias=1.0)
    with pytest.raises(CtcError, match="is of an unfinished run with another model"):
        in_parts(other, photos, output, engine="local")
    with pytest.raises(
        UsageError,
        match=r"'.*p\.csv\.parts' is of an unfinished run with --engine: finish that first",
    ):
        prepare_job(PredictConfig(model, (photos,), output), plugins())
    assert in_parts(model, photos, output, engine="local").run(silent).resumed == 32


def test_overwrite_gives_the_parts_of_another_run_up(model, build_model, photos, tmp_path) -> None:
    interrupted(model, photos, tmp_path / "p.csv")
    other = build_model("other.onnx", bias=1.0)
    job = in_parts(other, photos, tmp_path / "p.csv", engine="local", overwrite=True)
    assert job.run(silent).resumed == 0


def test_two_runs_do_not_write_the_same_output(model, photos, tmp_path) -> None:
    job = in_parts(model, photos, tmp_path / "p.csv", engine="local")
    with (
        exclusive_lock(job.journal),
        pytest.raises(InputError, match="being written by another `ctc predict`"),
    ):
        job.run(silent)
    assert not (tmp_path / "p.csv").exists()
    assert job.run(silent).events == 99


def test_a_shard_is_not_cut_again(model, photos, tmp_path) -> None:
    with pytest.raises(UsageError, match="--shard and --engine exclude each other"):
        in_parts(model, photos, tmp_path / "p.csv", engine="local", shard=ShardSpec(1, 2))


def test_events_stay_whole_and_in_order() -> None:
    events = [Event(str(number), ("a.jpg",) * (number % 4)) for number in range(50)]
    parts = list(split_events(events, 8))
    assert [part.number for part in parts] == list(range(len(parts)))
    assert [event for part in parts for event in part.events] == events
    assert all(sum(len(event.images) or 1 for event in part.events) >= 8 for part in parts[:-1])


@pytest.mark.parametrize(
    ("photos", "batch_size", "size"),
    [(10, 1, 32), (100_000, 1, 256), (50_000_000, 16, MAX_CHUNK_PHOTOS), (10, 256, 512)],
)
def test_large_runs_have_large_parts_and_batches_fit_in(
    photos: int, batch_size: int, size: int
) -> None:
    assert photos_per_chunk(photos, batch_size) == size
