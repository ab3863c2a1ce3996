"""Labels of a sample as one row of integers.

A label takes one column, a multi-label label one column per class.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import multi_hot
from ctc.plugin import LoaderConfig


class LabelColumns:
    """Layout of the label columns.

    `widths` holds, per label in the order of the configuration, None for a single class number, or
    the number of classes of a multi-label label.
    """

    def __init__(self, dataset: Dataset, config: LoaderConfig) -> None:
        counts = dataset.num_classes(config.multi_label)
        self._names = config.labels
        self.widths = tuple(counts.get(name) for name in config.labels)
        self._has_single_numbers = not any(self.widths)
        self._ends = np.cumsum([0, *(width or 1 for width in self.widths)]).tolist()

    @property
    def num_columns(self) -> int:
        """Number of columns."""
        return int(self._ends[-1])

    def encode_row(self, observed: Sequence[Sequence[int]], draw: float) -> list[int]:
        """Return the row of an event from the class numbers of its observations, per label.

        `draw`, in 0–1, chooses the observation where only one counts.
        """
        if self._has_single_numbers:
            return [numbers[int(draw * len(numbers))] for numbers in observed]
        parts = [
            numbers[int(draw * len(numbers)) :][:1] if width is None else multi_hot(numbers, width)
            for width, numbers in zip(self.widths, observed, strict=True)
        ]
        return [number for part in parts for number in part]

    def to_batch_labels(self, rows: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
        """Split rows (N, columns) into the labels of a batch."""
        parts = [np.ascontiguousarray(rows[:, start:end]) for start, end in pairwise(self._ends)]
        return {
            name: part[:, 0] if width is None else part
            for name, width, part in zip(self._names, self.widths, parts, strict=True)
        }
