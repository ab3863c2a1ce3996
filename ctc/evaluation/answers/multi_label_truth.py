"""Ground truth of labels that may have several classes at once, as multi-hot rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.evaluation.answers.collector import value_counts

MultiHot = NDArray[np.int8]
"""(E, classes): 1 where the class is present, 0 where it is absent, all −1 where unknown."""


def encode_multi_hot(
    class_sets: Sequence[Collection[str]], classes: tuple[str, ...]
) -> tuple[MultiHot, Mapping[str, int]]:
    """Encode the classes of each event, and count the classes that the model doesn't know.

    An event without any class is missing. The counts are in events, by class name.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    rows = np.full((len(class_sets), len(classes)), MISSING, np.int8)
    for row, names in enumerate(class_sets):
        if names:
            rows[row] = 0
            rows[row, [numbers[name] for name in names if name in numbers]] = 1
    return rows, value_counts(name for names in class_sets for name in set(names) - numbers.keys())
