"""Fewer events of common classes, or more of rare ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints


def downsample(
    events: Ints, classes: Ints, strata: Ints, generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Down-sample every class to the rarest, inside each part of `strata`; events without a class
    are dropped. `classes` and `strata` hold a number for every event of the inventory, the result
    whether it is kept."""
    kept = np.zeros(len(classes), dtype=bool)
    for part in np.unique(strata[events]):
        members = events[(strata[events] == part) & (classes[events] >= 0)]
        values, counts = np.unique(classes[members], return_counts=True)
        for value in values:
            candidates = members[classes[members] == value]
            kept[generator.choice(candidates, counts.min(), replace=False)] = True
    return kept


def upsample(events: Ints, classes: Ints, limit: int, generator: np.random.Generator) -> Ints:
    """`events` with those of rarer classes repeated until their class is as large as the largest,
    but none more than `limit` times; shuffled. Events without a class stay as they are."""
    values, counts = np.unique(classes[events], return_counts=True)
    largest = counts[values >= 0].max(initial=0)
    parts = [events]
    for value, count in zip(values, counts, strict=True):
        if value >= 0:
            members = generator.permutation(events[classes[events] == value])
            more = min(int(largest), limit * int(count)) - int(count)
            parts.append(np.resize(members, more))
    return generator.permutation(np.concatenate(parts))
