"""Photos for parity and for calibration."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.errors import CtcError, UsageError
from ctc.export.sample import calibration_photos, held_out_photos, held_out_split, open_run_dataset
from ctc.images import encode_jpeg

CLASSES = {"species": ("boar", "deer", "fox"), "count": ("1", "2+")}


def lit_event(name: str, color: tuple[int, int, int]) -> EventRecord:
    photo = np.full((60, 80, 3), color, np.uint8)
    return EventRecord(
        name,
        (encode_jpeg(photo, 90),),
        ((60, 80),),
        {"species": (0,), "count": (0,)},
        ("p.jpg",),
        {},
    )


def test_held_out_photos_are_preprocessed_photos_of_the_test_split(tiny_dataset, run_info) -> None:
    dataset = tiny_dataset()
    sample = held_out_photos(dataset, run_info(dataset), max_photos=5)
    assert sample.split == "test"
    assert [(images.shape, images.dtype.name) for images in sample] == [((5, 24, 32, 3), "uint8")]


def test_held_out_photos_have_their_classes(tiny_dataset, run_info) -> None:
    dataset = tiny_dataset()
    ((_, labels),) = held_out_photos(dataset, run_info(dataset)).labelled_batches()
    assert sorted(labels["species"].tolist()) == [0, 0, 1, 1, 2, 2]
    assert sorted(labels["count"].tolist()) == [-1, 0, 0, 0, 1, 1]


def test_dataset_sample_repeats_the_same_photos(tiny_dataset, run_info) -> None:
    dataset = tiny_dataset()
    sample = held_out_photos(dataset, run_info(dataset))
    assert all((once == again).all() for once, again in zip(sample, sample, strict=True))


def test_held_out_split_prefers_any_split_to_train(tiny_dataset) -> None:
    assert held_out_split(tiny_dataset({"train": 3, "val": 0, "2019": 3}, shards=1)) == "2019"


def test_calibration_photos_are_of_the_train_split_only(dataset_of, run_info) -> None:
    train = [lit_event(f"train-{i}", (200, 100, 50)) for i in range(3)]
    dataset = dataset_of({"train": train, "test": [lit_event("test", (20, 30, 40))]}, CLASSES)
    (images,) = calibration_photos(dataset, run_info(dataset), max_photos=10)
    assert images.shape == (3, 24, 32, 3)
    assert images.min() > 45


def test_calibration_photos_balance_night_and_day(dataset_of, run_info) -> None:
    day = [lit_event(f"day-{i}", (90, 140, 60)) for i in range(20)]
    night = [lit_event("bright", (150, 150, 150)), lit_event("dark", (20, 20, 20))]
    dataset = dataset_of({"train": [*day, *night]}, CLASSES)
    (images,) = calibration_photos(dataset, run_info(dataset), max_photos=6)
    assert sorted(images[:, 0, 0, 0].tolist()) == pytest.approx([20, 90, 90, 90, 90, 150], abs=3)


def test_calibration_photos_refuse_a_dataset_without_train_split(tiny_dataset, run_info) -> None:
    dataset = tiny_dataset({"test": 3})
    with pytest.raises(UsageError, match="no split called 'train'"):
        calibration_photos(dataset, run_info(dataset), max_photos=3)


def test_open_run_dataset_asks_for_a_moved_dataset(tiny_dataset, run_info, tmp_path) -> None:
    dataset = tiny_dataset()
    info = run_info(dataset)
    dataset.folder.rename(tmp_path / "moved")
    with pytest.raises(CtcError, match="does not exist: give its folder with --dataset"):
        open_run_dataset(info, None)
    assert open_run_dataset(info, tmp_path / "moved").fingerprint() == info.dataset["fingerprint"]


def test_open_run_dataset_refuses_other_classes(tiny_dataset, run_info) -> None:
    dataset: Dataset = tiny_dataset()
    info = run_info(dataset, labels={"species": ("deer", "boar", "fox")})
    with pytest.raises(UsageError, match="other classes of 'species' than the run"):
        open_run_dataset(info, None)
