"""Photos of the dataset of a run: held-out ones for parity, train ones for calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import TEST, TRAIN, VALIDATION, Dataset
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import RunInfo
from ctc.errors import InputError, UsageError
from ctc.images.eval_samples import (
    eval_batches,
    eval_samples,
    read_events,
    record_table,
    select_photos,
)
from ctc.storage.paths import parse_path

HELD_OUT_PHOTOS = 512
CALIBRATION_SPLIT = TRAIN
_BATCH_SIZE = 16
_ROWS_PER_PHOTO = 4
_SPLIT_PRIORITY = (TEST, VALIDATION, TRAIN)
_THUMBNAIL = Preprocessing(16, 16)
_GREY_TOLERANCE = 6
_BRIGHTNESS_STEP = 64

LabelledBatch = tuple[NDArray[np.uint8], Mapping[str, NDArray[np.int32]]]


@dataclass(frozen=True)
class DatasetSample:
    """Up to `max_photos` photos of the records in `rows` of a split, preprocessed for prediction.

    Every iteration gives the same photos. Damaged records are skipped.
    """

    dataset: Dataset
    split: str
    rows: NDArray[np.int64]
    max_photos: int
    preprocessing: Preprocessing
    labels: Sequence[str] = ()
    multi_label: Sequence[str] = ()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield batches (N, height, width, 3)."""
        return (images for images, _ in self.labelled_batches())

    def labelled_batches(self) -> Iterator[LabelledBatch]:
        """Yield the batches with their labels as in `ctc.plugin.Batch`."""
        events = read_events(self.dataset, self.split, self.rows, _ignore_bad_record)
        multi_label = self.dataset.num_classes(self.multi_label)
        chosen = select_photos(events, self.preprocessing)
        samples = eval_samples(
            chosen, self.preprocessing, self.labels, _ignore_bad_record, multi_label=multi_label
        )
        return eval_batches(islice(samples, self.max_photos), self.labels, _BATCH_SIZE)


def open_run_dataset(info: RunInfo, folder: Path | None) -> Dataset:
    """Open the dataset that the run was trained on, in `folder` if given.

    Raises UsageError when it doesn't exist or has other classes.
    """
    path = folder or parse_path(info.dataset["path"])
    if folder is None and not path.is_dir():
        raise UsageError(
            f"the dataset of the run, '{path}', does not exist: give its folder with --dataset"
        )
    dataset = open_dataset(path)
    for label, classes in info.labels.items():
        if dataset.label(label).classes != classes:
            raise UsageError(
                f"'{path}' has other classes of '{label}' than the run: "
                "give the dataset that it was trained on"
            )
    return dataset


def held_out_split(dataset: Dataset) -> str:
    """Return the split for parity: the first with events of test, val, any other, train."""
    others = [split for split in dataset.manifest.splits if split not in _SPLIT_PRIORITY]
    order = [*_SPLIT_PRIORITY[:2], *others, _SPLIT_PRIORITY[2]]
    for split in order:
        if split in dataset.manifest.splits and dataset.event_count(split):
            return split
    raise InputError(f"'{dataset.display_path}' holds no events: build the dataset again")


def held_out_photos(
    dataset: Dataset, info: RunInfo, max_photos: int = HELD_OUT_PHOTOS
) -> DatasetSample:
    """Return up to `max_photos` held-out photos with labels, spread over the split."""
    split = held_out_split(dataset)
    rows = _sample_rows(dataset, split, info, max_photos)
    return DatasetSample(
        dataset, split, rows, max_photos, info.preprocessing, tuple(info.labels), info.multi_label
    )


def calibration_photos(dataset: Dataset, info: RunInfo, max_photos: int) -> DatasetSample:
    """Return up to `max_photos` photos of the train split, balanced by lighting.

    Night (grey) and day photos, dark and bright ones, are taken in turns. Raises UsageError when
    there is no such split.
    """
    rows = _sample_rows(dataset, CALIBRATION_SPLIT, info, max_photos)
    groups = [_lighting_group(dataset, row) for row in rows]
    seen = Counter[int]()
    turns = []
    for group in groups:
        turns.append(seen[group])
        seen[group] += 1
    order = sorted(range(len(rows)), key=lambda index: (turns[index], groups[index]))
    return DatasetSample(dataset, CALIBRATION_SPLIT, rows[order], max_photos, info.preprocessing)


def _sample_rows(dataset: Dataset, split: str, info: RunInfo, photos: int) -> NDArray[np.int64]:
    """Return more records than `photos`, as some may be damaged, evenly spread and shuffled."""
    table = record_table(dataset, split)
    indices = np.linspace(0, len(table) - 1, min(len(table), _ROWS_PER_PHOTO * photos)).astype(
        np.int64
    )
    shuffled: NDArray[np.int64] = table[np.random.default_rng(info.seed).permutation(indices)]
    return shuffled


def _lighting_group(dataset: Dataset, row: NDArray[np.int64]) -> int:
    """Return a number for colour or infrared, and brightness, of the first photo; −1 if damaged."""
    events = read_events(dataset, CALIBRATION_SPLIT, row[None], _ignore_bad_record)
    for sample in eval_samples(
        select_photos(events, _THUMBNAIL), _THUMBNAIL, (), _ignore_bad_record
    ):
        red, green, blue = sample.image.mean(axis=(0, 1))
        colourful = max(red, green, blue) - min(red, green, blue) > _GREY_TOLERANCE
        return int(green) // _BRIGHTNESS_STEP + (256 // _BRIGHTNESS_STEP if colourful else 0)
    return -1


def _ignore_bad_record(_: InputError) -> None:
    """Skip a damaged record: an export needs some photos only, and `run_model` requires one."""
