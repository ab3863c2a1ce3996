"""How many samples and steps one reader of a split has: the same numbers for every reader, and for
every loader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import InputError, UsageError, did_you_mean
from ctc.images.eval_samples import sample_count
from ctc.plugin import LoaderConfig


@dataclass(frozen=True)
class EpochPlan:
    """One epoch of one reader. Of `total` samples, the readers take `samples` each; with several
    readers up to (readers − 1) samples are left over, so that all make the same number of
    `steps`."""

    samples: int
    steps: int


def make_preprocessing(config: LoaderConfig) -> Preprocessing:
    """What the loader delivers, in the words of the evaluation path."""
    return Preprocessing(config.height, config.width, config.resize, config.image_choice)


def plan_epoch(dataset: Dataset, split: str, config: LoaderConfig) -> EpochPlan:
    """Raises CtcError for an unknown label or split, missing or cut files, or too few samples for
    one batch."""
    _check_labels(dataset, config)
    check_files(dataset, split)
    index, readers = config.shard
    if not 0 <= index < readers:
        raise UsageError(f"there is no reader {index} of {readers}: count from 0 to {readers - 1}")
    total = sample_count(dataset, split, make_preprocessing(config))
    samples = total // readers
    steps = (
        samples // config.batch_size if config.drop_remainder else -(-samples // config.batch_size)
    )
    if not steps:
        raise InputError(
            f"the split '{split}' of '{dataset.display_path}' has {total} samples, too few for {readers} reader(s) with "
            f"batches of {config.batch_size}: take a smaller batch or another split"
        )
    return EpochPlan(steps * config.batch_size if config.drop_remainder else samples, steps)


def _check_labels(dataset: Dataset, config: LoaderConfig) -> None:
    for label in config.labels:
        dataset.label(label)
    for label in config.multi_label:
        if label not in config.labels:
            raise UsageError(
                f"'{label}' can't be multi-label: it is not among the labels{did_you_mean(label, config.labels)}"
            )
    drawn = config.draw_weights
    if drawn:
        classes = dataset.label(drawn.label).classes
        if len(drawn.weights) != len(classes) or min(drawn.weights) <= 0:
            raise UsageError(
                f"'{drawn.label}' has {len(classes)} classes: give each a weight above 0, not {drawn.weights}"
            )


def check_files(dataset: Dataset, split: str) -> None:
    """Raise InputError when a shard is missing or has lost its end."""
    for shard in dataset.shards(split):
        path = dataset.folder / shard.file
        size = _file_size(path)
        if size < shard.bytes:
            raise InputError(
                f"'{path}' has {size} bytes of {shard.bytes}: copy or build the dataset again"
            )


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(
            f"'{path}' can't be read ({error.strerror}): copy or build the dataset again"
        ) from None
