"""Class balancing: downsample common classes or upsample rare ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints


def downsample(
    events: Ints, classes: Ints, strata: Ints, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Downsample every class to the rarest, separately for each value of `strata`.

    `classes` and `strata` hold a number for every event of the inventory, the result whether it is
    kept. Events without a class (−1) are dropped.
    """
    kept = np.zeros(len(classes), dtype=bool)
    for stratum in np.unique(strata[events]):
        members = events[(strata[events] == stratum) & (classes[events] >= 0)]
        values, counts = np.unique(classes[members], return_counts=True)
        for value in values:
            candidates = members[classes[members] == value]
            kept[generator.choice(candidates, counts.min(), replace=False)] = True
    return kept


def upsample(events: Ints, classes: Ints, limit: int, generator: np.random.Generator) -> Ints:
    """Repeat the events of rarer classes until each class is as large as the largest; shuffle.

    No event is repeated more than `limit` times. Events without a class (−1) are not repeated.
    """
    values, counts = np.unique(classes[events], return_counts=True)
    largest = counts[values >= 0].max(initial=0)
    parts = [events]
    for value, count in zip(values, counts, strict=True):
        if value >= 0:
            members = generator.permutation(events[classes[events] == value])
            more = min(int(largest), limit * int(count)) - int(count)
            parts.append(np.resize(members, more))
    return generator.permutation(np.concatenate(parts))
