"""Real photos of a run's dataset, for comparing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.run import RunInfo
from ctc.errors import InputError, UsageError
from ctc.images.reference import picks, read_events, record_table, reference_batches, reference_samples

PHOTOS = 64
_BATCH = 16
_ROWS_PER_PHOTO = 4
_PREFERRED = ("test", "val", "train")


def open_dataset(info: RunInfo, folder: Path | None) -> Dataset:
    """The dataset that the run was trained on, at `folder` if given."""
    path = folder or Path(info.dataset["path"])
    if folder is None and not path.is_dir():
        raise UsageError(f"the dataset of the run, '{path}', is not there: say with --dataset where it is now")
    return Dataset.open(path)


def held_out_split(dataset: Dataset) -> str:
    """The split to compare on: test, val, another one, or train, whichever has events first."""
    others = [split for split in dataset.manifest.splits if split not in _PREFERRED]
    order = [*_PREFERRED[:2], *others, _PREFERRED[2]]
    for split in order:
        if split in dataset.manifest.splits and dataset.events(split):
            return split
    raise InputError(f"'{dataset.folder}' holds no events: build the dataset again")


def real_photos(dataset: Dataset, info: RunInfo, photos: int = PHOTOS) -> Iterator[NDArray[np.uint8]]:
    """Batches (N, height, width, 3) of up to `photos` held-out photos, spread over the split, as prediction will see them.
    Damaged records are passed over."""
    split = held_out_split(dataset)
    table = record_table(dataset, split)
    spread = np.linspace(0, len(table) - 1, min(len(table), _ROWS_PER_PHOTO * photos)).astype(np.int64)
    order = np.random.default_rng(info.seed).permutation(spread)
    chosen = picks(read_events(dataset, split, table[order], _pass_over), info.preprocessing)
    samples = reference_samples(chosen, info.preprocessing, (), _pass_over)
    for images, _ in reference_batches(islice(samples, photos), (), _BATCH):
        yield images


def _pass_over(_: InputError) -> None:
    """A damaged record is no reason not to export; with none left, comparing says that there is no photo."""
