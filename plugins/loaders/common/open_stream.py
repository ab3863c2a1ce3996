"""Opening of a split, the same for every loader."""

from __future__ import annotations

from collections.abc import Callable

from ctc.artifacts.dataset import Dataset
from ctc.plugin import Augmentation, BatchStream, LoaderConfig

from .evaluation import EvaluationStream

TrainingStreamFactory = Callable[[Dataset, str, LoaderConfig, Augmentation], BatchStream]


def open_stream(
    open_training: TrainingStreamFactory, dataset: Dataset, split: str, config: LoaderConfig
) -> BatchStream:
    """Open a split with `open_training`, or as an EvaluationStream without augmentation.

    Raises CtcError for an unknown split or label, missing or truncated files, or too few samples
    for a batch.
    """
    if config.augmentation is None:
        return EvaluationStream(dataset, split, config)
    return open_training(dataset, split, config, config.augmentation)
