"""Building a dataset: records, manifest, failures, resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import MANIFEST, Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.artifacts.inventory import Inventory
from ctc.dataset import build as build_module
from ctc.dataset.build import build_dataset
from ctc.dataset.config import DatasetConfig
from ctc.dataset.folder import BUILD_STATE, prepare_folder
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.shard_tracker import TooManyFailuresError
from ctc.errors import InputError, UsageError
from ctc.images import decode
from ctc.plugin.engine_run import BoundEngine
from ctc.plugin.manager import plugins
from ctc.storage.tfrecord import read_index, read_record

ALL_TRAIN = {"train": 1.0}


def make_plan(inventory: Inventory, **options: object) -> DatasetPlan:
    config = DatasetConfig(**{"smallest_side": 60, "shares": ALL_TRAIN, **options})  # type: ignore[arg-type]
    return DatasetPlan.make(inventory, config)


def ignore_progress(done: int, failed: int) -> None:
    """Do nothing."""


def build(inventory: Inventory, folder: Path, **options: object) -> Dataset:
    prepare_folder(folder, resume=False, overwrite=False)
    return build_dataset(make_plan(inventory, **options), folder, ignore_progress).dataset


def read_events(dataset: Dataset, split: str = "train") -> list[EventRecord]:
    records = []
    for shard in dataset.shards(split):
        path = dataset.folder / shard.file
        with path.open("rb") as handle:
            for offset, size in read_index(dataset.folder / shard.index_file):
                data = read_record(handle, path, offset, size)
                records.append(EventRecord.decode(data))
    return records


def test_build_dataset_writes_event_to_record(inventory: Inventory, tmp_path: Path) -> None:
    dataset = build(inventory, tmp_path / "out", keep_multi_observation=True)
    event = next(record for record in read_events(dataset) if record.event_id == "e0")
    assert event.paths == ("0.jpg", "1.jpg")
    assert event.labels == {"species": (0, 1), "count": (0, 0)}
    assert event.meta == {"site": "s0"}
    assert event.sizes == ((60, 80), (60, 81))
    assert decode(event.jpegs[1]).shape == (60, 81, 3)


def test_build_dataset_sorts_numeric_classes_and_marks_missing_labels(
    inventory: Inventory, tmp_path: Path
) -> None:
    dataset = build(inventory, tmp_path / "out")
    assert dataset.label("count").classes == ("2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
    assert sum(record.labels["count"] == (-1,) for record in read_events(dataset)) == 5


def test_manifest_counts_shards_events_and_classes(inventory: Inventory, tmp_path: Path) -> None:
    dataset = build(inventory, tmp_path / "out", events_per_shard=8)
    assert [shard.file for shard in dataset.shards("train")][2] == "train-00002-of-00003.tfrecord"
    assert dataset.event_count("train") == 19
    assert dataset.label("species").counts == {"train": (9, 8, 2)}
    assert dataset.manifest.left_out["events"] == {"more than one observation": 1}


def test_manifest_has_channel_statistics_of_stored_pixels(
    inventory: Inventory, tmp_path: Path
) -> None:
    dataset = build(inventory, tmp_path / "out")
    jpegs = [jpeg for record in read_events(dataset) for jpeg in record.jpegs]
    pixels = np.concatenate([decode(jpeg).reshape(-1, 3) for jpeg in jpegs]) / 255
    assert dataset.manifest.channel_mean == pytest.approx(pixels.mean(axis=0), abs=0.005)
    assert dataset.manifest.channel_std == pytest.approx(pixels.std(axis=0), abs=0.005)


def test_build_dataset_depends_on_seed_and_not_on_threads(
    inventory: Inventory, tmp_path: Path
) -> None:
    one, same, other = (
        build(inventory, tmp_path / name, seed=seed, threads=threads)
        for name, seed, threads in (("a", 1, 1), ("b", 1, 4), ("c", 2, 1))
    )
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()


def test_build_dataset_keeps_event_while_one_photo_is_left(
    inventory: Inventory, tmp_path: Path
) -> None:
    (tmp_path / "1.jpg").write_bytes(b"not a photo")
    dataset = build(inventory, tmp_path / "out", keep_multi_observation=True)
    by_id = {record.event_id: record for record in read_events(dataset)}
    assert by_id["e0"].paths == ("0.jpg",)
    assert "e1" not in by_id
    assert dataset.manifest.left_out["events"] == {"no usable photo": 1}
    left_out = (dataset.folder / "left_out.csv").read_text()
    assert left_out.count('1.jpg,"not an image of a known kind') == 2


def test_build_dataset_leaves_nothing_if_no_photo_can_be_used(
    inventory: Inventory, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no photo could be used: no such file"):
        build(inventory, tmp_path / "out", image_root=tmp_path / "elsewhere")
    assert not (tmp_path / "out").exists()


def test_build_dataset_resumes_to_same_bytes(inventory: Inventory, tmp_path: Path) -> None:
    whole = build(inventory, tmp_path / "whole", events_per_shard=4)
    plan = make_plan(inventory, events_per_shard=4)
    events = 0

    def interrupt_in_third_shard(done: int, failed: int) -> None:
        nonlocal events
        events += done
        if events == 10:
            raise KeyboardInterrupt

    folder = tmp_path / "interrupted"
    with pytest.raises(KeyboardInterrupt):
        build_dataset(plan, folder, interrupt_in_third_shard)
    assert sorted(path.name for path in folder.glob("*.tfrecord")) == [
        "train-00000-of-00005.tfrecord",
        "train-00001-of-00005.tfrecord",
    ]
    prepare_folder(folder, resume=True, overwrite=False)
    resumed = build_dataset(plan, folder, ignore_progress).dataset
    assert resumed.fingerprint() == whole.fingerprint()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        path.name for path in whole.folder.iterdir()
    )


def test_build_dataset_refuses_to_resume_with_lower_max_failures(
    inventory: Inventory, tmp_path: Path
) -> None:
    for name in ("5.jpg", "6.jpg"):
        (tmp_path / name).unlink()

    events = 0

    def interrupt_in_last_shard(done: int, failed: int) -> None:
        nonlocal events
        events += done
        if events == 17:
            raise KeyboardInterrupt

    folder = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        build_dataset(make_plan(inventory, events_per_shard=4), folder, interrupt_in_last_shard)
    with pytest.raises(TooManyFailuresError, match="2 photos could not be used"):
        build_dataset(
            make_plan(inventory, events_per_shard=4, max_failures=1), folder, ignore_progress
        )


def test_build_dataset_finishes_build_that_was_killed_after_its_manifest(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "5.jpg").unlink()
    plan, folder = make_plan(inventory, events_per_shard=4), tmp_path / "out"

    def stop(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build_module, "remove_build_notes", stop)
    with pytest.raises(KeyboardInterrupt):
        build_dataset(plan, folder, ignore_progress)
    monkeypatch.undo()
    manifest = (folder / MANIFEST).read_bytes()
    prepare_folder(folder, resume=True, overwrite=False)
    result = build_dataset(plan, folder, ignore_progress)
    assert (folder / MANIFEST).read_bytes() == manifest
    assert [(failure.path, failure.reason) for failure in result.failures] == [
        ("5.jpg", "no such file or directory")
    ]
    assert result.events_lost == 1
    assert not list(folder.glob(".*"))


def test_build_dataset_refuses_to_resume_with_other_options(
    inventory: Inventory, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / BUILD_STATE).write_text('{"plan": "another"}')
    with pytest.raises(UsageError, match="started with other options"):
        build_dataset(make_plan(inventory), tmp_path / "out", ignore_progress)


@pytest.fixture
def engine() -> BoundEngine:
    """The engine `local`: its worker is this process."""
    return BoundEngine.resolve("local", {}, plugins())


def test_build_dataset_on_engine_writes_same_bytes(
    inventory: Inventory, tmp_path: Path, engine: BoundEngine
) -> None:
    local = build(inventory, tmp_path / "local", events_per_shard=4)
    folder = tmp_path / "engine"
    plan = make_plan(inventory, events_per_shard=4)
    build_dataset(plan, folder, ignore_progress, engine)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in local.folder.iterdir()
    }


def test_build_dataset_on_engine_rewrites_shard_that_exceeded_max_failures(
    inventory: Inventory, tmp_path: Path, engine: BoundEngine
) -> None:
    expected = build(inventory, tmp_path / "whole", events_per_shard=20)
    photos = {path: path.read_bytes() for path in tmp_path.glob("*.jpg")}
    for path in photos:
        path.unlink()
    plan = make_plan(inventory, events_per_shard=20, max_failures=3)
    with pytest.raises(TooManyFailuresError, match="19 photos could not be used"):
        build_dataset(plan, tmp_path / "engine", ignore_progress, engine)
    for path, data in photos.items():
        path.write_bytes(data)
    resumed = build_dataset(plan, tmp_path / "engine", ignore_progress, engine).dataset
    assert resumed.fingerprint() == expected.fingerprint()
