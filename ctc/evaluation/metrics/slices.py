"""How good the answers are for those that have something in common: the place, the light, the number of photos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Numbers
from ctc.evaluation.metrics.evaluation import Estimate, Group, Locations
from ctc.evaluation.metrics.intervals import Floats, Ints, clopper_pearson

LEAST_FOR_SPREAD = 10
WORST = 10
MANY_PHOTOS = 10
QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


def groups(names: Sequence[str], of_row: Ints, truth: Numbers, top: Ints) -> tuple[Group, ...]:
    """The groups that occur, in the order of `names`; `of_row` (N,): number of the group, or −1; `top` (N,): most probable class."""
    inside = of_row >= 0
    of_row, truth, top = of_row[inside], truth[inside], top[inside]
    right = truth == top
    n = np.bincount(of_row, minlength=len(names))
    hits = np.bincount(of_row[right], minlength=len(names))
    recall = _mean_recall(of_row, truth, right, len(names))
    low, high = clopper_pearson(hits, n)
    return tuple(
        Group(names[i], int(n[i]), Estimate(hits[i] / n[i], float(low[i]), float(high[i])), float(recall[i]))
        for i in np.flatnonzero(n).tolist()
    )


def locations(names: Sequence[str], of_row: Ints, truth: Numbers, top: Ints) -> Locations | None:
    """None when no place is known."""
    found = groups(names, of_row, truth, top)
    if not found:
        return None
    counted = [group.top_1.value for group in found if group.n >= LEAST_FOR_SPREAD]
    spread = np.quantile(counted, QUANTILES).tolist() if counted else [float("nan")] * len(QUANTILES)
    worst = sorted(found, key=lambda group: (group.top_1.high, group.top_1.value))[:WORST]
    named = {f"{quantile:g}": value for quantile, value in zip(QUANTILES, spread, strict=True)}
    return Locations(found, tuple(worst), len(counted), named)


def photos_in_event(photos: Numbers, truth: Numbers, top: Ints) -> tuple[Group, ...]:
    """By the number of photos; 0 is unknown and left out."""
    names = [*map(str, range(1, MANY_PHOTOS)), f"{MANY_PHOTOS} or more"]
    return groups(names, np.minimum(photos, MANY_PHOTOS).astype(np.int64) - 1, truth, top)


def daylight(night: Iterable[int], truth: Numbers, top: Ints) -> tuple[Group, ...]:
    return groups(("day", "night"), np.asarray(night, np.int64), truth, top)


def _mean_recall(of_row: Ints, truth: Numbers, right: NDArray[np.bool_], count: int) -> Floats:
    """(groups,): over the classes that occur in each."""
    classes = int(truth.max(initial=0)) + 1
    cell, of_cell = np.unique(of_row * classes + truth, return_inverse=True)
    recall = np.bincount(of_cell, right) / np.bincount(of_cell)
    group = cell // classes
    with np.errstate(invalid="ignore"):
        mean: Floats = np.bincount(group, recall, count) / np.bincount(group, minlength=count)
    return mean
