"""A promise about what is lost: a threshold above which at most a given share of events lies.

The thresholds are tested from the strictest on, and the last before the first failure is taken. The
share above a threshold only grows as the threshold falls: whoever proves a false one has proven the
first false one, so no correction for the many tests is needed (Bates et al. 2021,
https://arxiv.org/abs/2101.02703). For independent events that is the exact tolerance limit of Wilks
(1941, https://doi.org/10.1214/aoms/1177731788).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctc.evaluation.statistics.exact import Float64Array, Int64Array
from ctc.evaluation.statistics.korn_graubard import (
    ClusterCounts,
    clustered_lower_bound,
    intraclass_correlation,
)
from ctc.evaluation.statistics.promises import Refusal

STEPS = 50
ALIKE_SHARES = (0.05, 0.1, 0.2)
"""The highest shares of events for which it is measured how alike events of one cluster are."""


@dataclass(frozen=True, slots=True)
class TailLoss:
    """Events with a score above `limit` are lost: `lost` of them, a share of at most `at_most`.

    `clusters`: how many the events come from.
    """

    limit: float
    lost: int
    at_most: float
    clusters: int


def events_needed(loss: float, tail: float) -> int:
    """Return how many independent events prove a share of at most `loss`, if none is lost."""
    return math.ceil(math.log(tail) / math.log1p(-loss))


def lowest_limit(
    score: Float64Array, cluster: Int64Array, loss: float, tail: float, min_clusters: int = 2
) -> TailLoss | Refusal:
    """Return the lowest limit above which at most the share `loss` of events like these N lies.

    `score` (N,), `cluster` (N,): see `Clusters`. `tail`: the chance that more are lost after all.
    Fewer than `min_clusters` clusters prove nothing.
    """
    clusters = len(np.unique(cluster))
    if clusters < min_clusters:
        return "one run" if clusters < 2 else "too few locations"
    if len(score) < events_needed(loss, tail):
        return "too few"
    ranked = np.sort(score)[::-1]
    alike = _correlation(score, ranked, cluster)
    best: TailLoss | Refusal = "not reached"
    for rank in _ranks(len(ranked), loss):
        limit = float(ranked[rank])
        lost = score > limit
        kept = ClusterCounts.count(cluster, ~lost)
        bound = clustered_lower_bound(kept, tail, alike)
        if bound < 1 - loss:
            break
        best = TailLoss(limit, int(lost.sum()), 1 - bound, clusters)
    return best


def _ranks(count: int, loss: float) -> list[int]:
    """Return how many events are lost at each limit, ascending from 0."""
    most = math.floor(count * loss)
    return sorted({round(most * step / STEPS) for step in range(STEPS + 1)})


def _correlation(score: Float64Array, ranked: Float64Array, cluster: Int64Array) -> float | None:
    """Return how alike events of one cluster are as to whether their score is among the highest."""
    found = [
        intraclass_correlation(
            ClusterCounts.count(cluster, score > ranked[int(len(ranked) * share)])
        )
        for share in ALIKE_SHARES
    ]
    return max((one for one in found if one is not None), default=None)
