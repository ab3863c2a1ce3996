"""Number of samples and steps of an epoch, the same for every reader and every loader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError, UsageError, did_you_mean, reason
from ctc.images.eval_samples import sample_count
from ctc.plugin import LoaderConfig
from ctc.reporting import counted


@dataclass(frozen=True)
class EpochPlan:
    """Size of one epoch of one reader.

    Each reader takes `samples` of the split's samples in `steps` batches. With several readers up
    to (readers − 1) samples are left over, so that all readers make the same number of steps.
    """

    samples: int
    steps: int


def make_preprocessing(config: LoaderConfig) -> Preprocessing:
    """Return the evaluation preprocessing that gives the images of this configuration."""
    return Preprocessing(config.height, config.width, config.resize, config.image_choice)


def plan_epoch(dataset: Dataset, split: str, config: LoaderConfig) -> EpochPlan:
    """Check the split and return the size of an epoch.

    Raises CtcError for an unknown label or split, missing or truncated files, or too few samples
    for one batch.
    """
    _check_labels(dataset, config)
    check_files(dataset, split)
    index, readers = config.shard
    if not 0 <= index < readers:
        raise UsageError(f"there is no reader {index} of {readers}: choose 0 to {readers - 1}")
    total = sample_count(dataset, split, make_preprocessing(config))
    samples = total // readers
    steps = (
        samples // config.batch_size if config.drop_remainder else -(-samples // config.batch_size)
    )
    if not steps:
        raise InputError(
            f"the split '{split}' of '{dataset.display_path}' has {total} samples, "
            f"too few for {counted(readers, 'reader')} with batches of {config.batch_size}: "
            "choose a smaller batch size or another split"
        )
    return EpochPlan(steps * config.batch_size if config.drop_remainder else samples, steps)


def _check_labels(dataset: Dataset, config: LoaderConfig) -> None:
    for label in config.labels:
        dataset.label(label)
    for label in config.multi_label:
        if label not in config.labels:
            raise UsageError(
                f"'{label}' can't be multi-label: it is not among the labels"
                f"{did_you_mean(label, config.labels)}"
            )
    sampling = config.draw_weights
    if sampling:
        classes = dataset.label(sampling.label).classes
        if len(sampling.weights) != len(classes) or min(sampling.weights) <= 0:
            raise UsageError(
                f"'{sampling.label}' has {counted(len(classes), 'class', 'classes')}: "
                "give each a weight above 0, "
                f"not {sampling.weights}"
            )


def check_files(dataset: Dataset, split: str) -> None:
    """Raise InputError when a shard is missing or truncated."""
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
            f"'{path}' can't be read ({reason(error)}): copy or build the dataset again"
        ) from None
