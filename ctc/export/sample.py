"""Real photos of a run's dataset: held-out ones to compare on, train ones to calibrate with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.preprocessing import Preprocessing
from ctc.artifacts.run import RunInfo
from ctc.errors import InputError, UsageError
from ctc.images.eval_samples import picks, read_events, record_table, reference_batches, reference_samples
from ctc.storage.paths import place

HELD_OUT_PHOTOS = 512
CALIBRATION_SPLIT = "train"
_BATCH = 16
_ROWS_PER_PHOTO = 4
_PREFERRED = ("test", "val", "train")
_GLANCE = Preprocessing(16, 16)
_GREY = 6
_SHADES = 64

Labelled = tuple[NDArray[np.uint8], Mapping[str, NDArray[np.int32]]]


@dataclass(frozen=True)
class Sample:
    """Up to `photos` photos of the records in `rows` of a split, as prediction will see them; the same ones however often they are looked
    through. Damaged records are passed over."""

    dataset: Dataset
    split: str
    rows: NDArray[np.int64]
    photos: int
    preprocessing: Preprocessing
    labels: Sequence[str] = ()
    multi_label: Sequence[str] = ()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Batches (N, height, width, 3)."""
        return (images for images, _ in self.labelled())

    def labelled(self) -> Iterator[Labelled]:
        """The same batches, each with its labels as in `ctc.plugin.Batch`."""
        events = read_events(self.dataset, self.split, self.rows, _pass_over)
        multi_label = self.dataset.class_counts(self.multi_label)
        chosen = picks(events, self.preprocessing)
        samples = reference_samples(chosen, self.preprocessing, self.labels, _pass_over, multi_label=multi_label)
        return reference_batches(islice(samples, self.photos), self.labels, _BATCH)


def open_dataset(info: RunInfo, folder: Path | None) -> Dataset:
    """The dataset that the run was trained on, at `folder` if given. Raises UsageError when it isn't there or has other classes."""
    path = folder or place(info.dataset["path"])
    if folder is None and not path.is_dir():
        raise UsageError(f"the dataset of the run, '{path}', is not there: say with --dataset where it is now")
    dataset = Dataset.open(path)
    for label, classes in info.labels.items():
        if dataset.label(label).classes != classes:
            raise UsageError(
                f"'{path}' has other classes of '{label}' than the run: give the dataset that it was trained on"
            )
    return dataset


def held_out_split(dataset: Dataset) -> str:
    """The split to compare on: test, val, another one, or train, whichever has events first."""
    others = [split for split in dataset.manifest.splits if split not in _PREFERRED]
    order = [*_PREFERRED[:2], *others, _PREFERRED[2]]
    for split in order:
        if split in dataset.manifest.splits and dataset.events(split):
            return split
    raise InputError(f"'{dataset.place}' holds no events: build the dataset again")


def held_out(dataset: Dataset, info: RunInfo, photos: int = HELD_OUT_PHOTOS) -> Sample:
    """Up to `photos` held-out photos with their labels, spread over the split."""
    split = held_out_split(dataset)
    rows = _spread(dataset, split, info, photos)
    return Sample(dataset, split, rows, photos, info.preprocessing, tuple(info.labels), info.multi_label)


def to_calibrate(dataset: Dataset, info: RunInfo, photos: int) -> Sample:
    """Up to `photos` photos of the train split, as evenly as it has them from night (grey) and day, dark and bright ones.

    Raises UsageError when there is no such split.
    """
    rows = _spread(dataset, CALIBRATION_SPLIT, info, photos)
    lights = [_light(dataset, row) for row in rows]
    seen = Counter[int]()
    turns = []
    for light in lights:
        turns.append(seen[light])
        seen[light] += 1
    order = sorted(range(len(rows)), key=lambda place: (turns[place], lights[place]))
    return Sample(dataset, CALIBRATION_SPLIT, rows[order], photos, info.preprocessing)


def _spread(dataset: Dataset, split: str, info: RunInfo, photos: int) -> NDArray[np.int64]:
    """More records than `photos`, since some may be damaged, evenly spread over the split and in random order."""
    table = record_table(dataset, split)
    places = np.linspace(0, len(table) - 1, min(len(table), _ROWS_PER_PHOTO * photos)).astype(np.int64)
    shuffled: NDArray[np.int64] = table[np.random.default_rng(info.seed).permutation(places)]
    return shuffled


def _light(dataset: Dataset, row: NDArray[np.int64]) -> int:
    """A number for how an event's first photo was lit: by infrared flash or in colours, and how brightly; −1 when it is damaged."""
    events = read_events(dataset, CALIBRATION_SPLIT, row[None], _pass_over)
    for sample in reference_samples(picks(events, _GLANCE), _GLANCE, (), _pass_over):
        red, green, blue = sample.image.mean(axis=(0, 1))
        colourful = max(red, green, blue) - min(red, green, blue) > _GREY
        return int(green) // _SHADES + (256 // _SHADES if colourful else 0)
    return -1


def _pass_over(_: InputError) -> None:
    """A damaged record is no reason not to export; with none left, comparing says that there is no photo."""
