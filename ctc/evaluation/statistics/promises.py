"""A promise about a cut through ranked observations: the deepest cut that is proven, if any.

The cuts are fixed by the ranking alone, before it is known which observations are hits: from the
first for which proof is possible, given how alike observations of a cluster are, in equal steps to
all. They are tested from the narrowest on. The
first test has half of the allowed error, the others share the rest, and a test that succeeds passes
its part on to the next (fallback procedure; Wiens 2003, https://doi.org/10.1002/pst.64): so the
chance of any false proof is at most the allowed one, as if a single cut had been looked at (the
idea of Learn then Test, https://arxiv.org/abs/2110.01052).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.exact import Float64Array, Int64Array
from ctc.evaluation.statistics.korn_graubard import (
    ClusterCounts,
    clustered_lower_bound,
    effective_size,
)

STEPS = 10
FIRST_PART = 0.5
MIN_LOCATIONS = 5
"""Fewer locations say too little about how much locations differ."""

Refusal = Literal["too few", "too few locations", "one run", "not reached"]
"""Why nothing is promised."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A proven cut: `accepted` observations with a score of at least `score`.

    `share` of them are hits, which is at least `at_least` with the confidence that was asked for.
    `clusters`: how many the accepted ones come from.
    """

    score: float
    accepted: int
    share: float
    at_least: float
    clusters: int


def deepest_cut(
    score: NDArray[np.floating],
    hit: NDArray[np.bool_],
    cluster: Int64Array,
    target: float,
    tail: float,
    correlation: float | None = None,
    min_clusters: int = 2,
) -> Cut | Refusal:
    """Return the cut that accepts most of N observations, with a share of hits of `target`.

    Accepted are those with the highest `score` (N,). `cluster` (N,): see `Clusters`. `tail`: the
    chance that the share among new observations is below `target` after all. `correlation`: see
    `effective_size`. Fewer than `min_clusters` clusters prove nothing.
    """
    clusters = len(np.unique(cluster))
    if clusters < min_clusters:
        return "one run" if clusters < 2 else "too few locations"
    order = np.argsort(-score, kind="stable")
    ranked, right, of_cluster = score[order], hit[order], cluster[order]
    first = first_cut(of_cluster, target, tail, correlation)
    if first is None:
        return "too few"
    best: Cut | Refusal = "not reached"
    passed_on = 0.0
    ends = cut_ends(ranked, first)
    for end, part in zip(ends, _parts(len(ends)), strict=True):
        counts = ClusterCounts.count(of_cluster[:end], right[:end])
        bound = clustered_lower_bound(counts, tail * (part + passed_on), correlation)
        if bound >= target and counts.clusters >= min_clusters:
            best = Cut(float(ranked[end - 1]), end, counts.share, bound, counts.clusters)
            passed_on += part
        else:
            passed_on = 0.0
    return best


def needed_answers(target: float, tail: float) -> int:
    """Return the fewest independent observations, all hits, that prove the target."""
    return math.ceil(math.log(tail * FIRST_PART) / math.log(target))


def first_cut(
    cluster: Int64Array, target: float, tail: float, correlation: float | None
) -> int | None:
    """Return the fewest of the ranked observations that would prove the target if all were hits.

    None if even all of them would not: they are too few, or too alike. `cluster` (N,): of each.
    """
    needed, n = needed_answers(target, tail), len(cluster)
    for end in _candidates(needed, n):
        sizes = np.bincount(cluster[:end]).astype(np.float64)
        sizes = sizes[sizes > 0]
        counts = ClusterCounts(sizes, sizes)
        if effective_size(counts, tail * FIRST_PART, correlation, cautious=True) >= needed:
            return end
    return None


def _candidates(needed: int, n: int) -> list[int]:
    """Return numbers of observations from `needed` to `n`, each a twentieth more than the last."""
    found, end = [], float(needed)
    while end < n:
        found.append(math.ceil(end))
        end *= 1.05
    return [*found, n] if n >= needed else []


def cut_ends(ranked: Float64Array | NDArray[np.floating], needed: int) -> list[int]:
    """Return the numbers of observations of the cuts, ascending; equal scores stay together.

    `ranked` (N,): the scores, highest first.
    """
    n = len(ranked)
    wanted = {needed, *(math.ceil(n * step / STEPS) for step in range(1, STEPS + 1))}
    ends = {
        int(np.searchsorted(-ranked, -ranked[end - 1], side="right"))
        for end in wanted
        if needed <= end <= n
    }
    return sorted(ends)


def _parts(cuts: int) -> list[float]:
    """Return each test's part of the allowed error."""
    if cuts == 1:
        return [1.0]
    return [FIRST_PART] + [(1 - FIRST_PART) / (cuts - 1)] * (cuts - 1)
