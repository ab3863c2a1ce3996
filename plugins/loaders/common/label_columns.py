"""The labels of a sample as one row of numbers: a column for each, or, for a multi-label one, a
column per class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import multi_hot
from ctc.plugin import LoaderConfig


class LabelColumns:
    """`widths`: per label, in the order of the configuration, None for one class number, or how
    many classes are told apart."""

    def __init__(self, dataset: Dataset, config: LoaderConfig) -> None:
        counts = dataset.num_classes(config.multi_label)
        self._names = config.labels
        self.widths = tuple(counts.get(name) for name in config.labels)
        self._ends = np.cumsum([0, *(width or 1 for width in self.widths)]).tolist()

    @property
    def num_columns(self) -> int:
        """How many columns there are."""
        return int(self._ends[-1])

    def encode_row(self, observed: Sequence[Sequence[int]], draw: float) -> list[int]:
        """The row of an event, from each label's class numbers; `draw`, in 0–1, chooses the
        observation where one counts."""
        parts = [
            numbers[int(draw * len(numbers)) :][:1] if width is None else multi_hot(numbers, width)
            for width, numbers in zip(self.widths, observed, strict=True)
        ]
        return [number for part in parts for number in part]

    def to_batch_labels(self, rows: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
        """Rows (N, columns) as the labels of a batch."""
        parts = [np.ascontiguousarray(rows[:, start:end]) for start, end in pairwise(self._ends)]
        return {
            name: part[:, 0] if width is None else part
            for name, width, part in zip(self._names, self.widths, parts, strict=True)
        }
