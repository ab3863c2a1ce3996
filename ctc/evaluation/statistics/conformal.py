"""Limits of prediction sets: the lowest probability at which a class is in the set of an event.

A class is in the set if its probability reaches the one that the share P of the calibration events
of this class reach (split conformal prediction with the score 1 − p, per class: Sadinle et al.
2019, https://doi.org/10.1080/01621459.2017.1395341). Classes with too few events share one limit.
Events of one cluster are alike: as in pooling the groups' distributions (Dunn et al. 2022,
https://arxiv.org/abs/1809.07441) all of them count, but the correction for a finite sample,
P (n + 1) / n, takes the effective number of events.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.exact import Float64Array, Int64Array
from ctc.evaluation.statistics.korn_graubard import ClusterCounts, intraclass_correlation

OWN_LIMIT = 2.0
"""A class has a limit of its own from this multiple of the least number of events on."""


@dataclass(frozen=True)
class ClassScores:
    """Events of the classes of one label: the probability of each one's truth, and its cluster."""

    truth: Int64Array
    probability: Float64Array
    cluster: Int64Array

    def of(self, chosen: NDArray[np.bool_]) -> ClassScores:
        """Return the chosen events."""
        return ClassScores(self.truth[chosen], self.probability[chosen], self.cluster[chosen])


@dataclass(frozen=True)
class SetLimits:
    """Lowest probabilities that are in the set: of classes by number, and of all others."""

    own: dict[int, float]
    others: float


def set_limits(scores: ClassScores, classes: int, level: float) -> SetLimits | None:
    """Return the limits whose sets hold the truth with the probability `level`, None without enough
    evidence."""
    if level >= 1:
        return None
    needed = OWN_LIMIT * level / (1 - level)
    count = np.bincount(scores.truth, minlength=classes)
    evidence = {
        one: effective_events(scores.of(scores.truth == one), level) if count[one] >= needed else 0
        for one in range(classes)
    }
    own = sorted(
        (one for one in evidence if evidence[one] >= needed), key=lambda one: -evidence[one]
    )
    while own and not _enough(_others(scores, own), level, needed):
        own.pop()
    rest = _others(scores, own)
    limit = class_limit(rest if len(rest.truth) else scores, level)
    if limit is None:
        return None
    limits = {one: class_limit(scores.of(scores.truth == one), level) for one in sorted(own)}
    return SetLimits({one: value for one, value in limits.items() if value is not None}, limit)


def _others(scores: ClassScores, own: Sequence[int]) -> ClassScores:
    return scores.of(~np.isin(scores.truth, own))


def _enough(scores: ClassScores, level: float, needed: float) -> bool:
    """Return whether the events carry a limit, or there are none."""
    count = len(scores.truth)
    return not count or (count >= needed and effective_events(scores, level) >= needed)


def class_limit(scores: ClassScores, level: float) -> float | None:
    """Return the limit that a new event's truth reaches with the probability `level`; None if the
    events are too few for it."""
    count = len(scores.truth)
    if not count:
        return None
    rank = math.ceil(level * (count + count / effective_events(scores, level)) - 1e-9)
    return None if rank > count else float(np.sort(scores.probability)[count - rank])


def effective_events(scores: ClassScores, level: float) -> float:
    """Return how many independent events say as much about which are held at `level`.

    Each cluster counts once where nothing tells how alike its events are.
    """
    count = len(scores.truth)
    if not count:
        return 0.0
    limit = np.sort(scores.probability)[count - math.ceil(level * count)]
    found = ClusterCounts.count(scores.cluster, scores.probability >= limit)
    alike = intraclass_correlation(found)
    if alike is None:
        return float(found.clusters)
    mean_size = float((found.sizes**2).sum()) / found.n
    return float(found.n / (1 + (mean_size - 1) * alike))
