"""Resamples of clusters, for intervals of figures that are no proportions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.exact import Float64Array, Int64Array

RESAMPLES = 1_000
MAX_CLUSTERS = 1_000


class Resamples(NamedTuple):
    """The group of each observation, (N,), and how often each is drawn, (RESAMPLES, groups)."""

    group: Int64Array
    weights: Float64Array


def resample_clusters(cluster: NDArray[np.integer]) -> Resamples:
    """Draw clusters with replacement, always the same (Davison & Hinkley 1997).

    `cluster` (N,): of each observation; its observations stay together. With more than MAX_CLUSTERS
    clusters, random groups of them are drawn, which keeps the width of intervals (random groups:
    Wolter 2007, chapter 2).
    """
    rng = np.random.default_rng(0)
    distinct, position = np.unique(cluster, return_inverse=True)
    groups = min(len(distinct), MAX_CLUSTERS)
    group = (rng.permutation(len(distinct)) % groups)[position]
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
    return Resamples(group, weights.astype(np.float64))
