"""Intervals and bounds of a proportion whose observations come in clusters.

The exact interval is taken for an effective number of observations: that whose variance would be
the one between clusters (a ratio estimator), reduced for the few clusters it was estimated from.
Korn & Graubard 1998, Survey Methodology 24, 193-201. Where all clusters agree, their variance says
nothing: then the number follows from the intraclass correlation of other observations of the same
kind, else each cluster counts once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.exact import (
    CONFIDENCE,
    Float64Array,
    Int64Array,
    clopper_pearson,
    lower_bound,
    mid_p_interval,
)


@dataclass(frozen=True)
class ClusterCounts:
    """Per cluster with observations, (clusters,): how many there are, and how many are hits."""

    hits: Float64Array
    sizes: Float64Array

    @classmethod
    def count(
        cls,
        cluster: Int64Array,
        hit: NDArray[np.bool_] | Float64Array,
        chosen: NDArray[np.bool_] | None = None,
    ) -> ClusterCounts:
        """Count observations (N,), of which only the `chosen` (N,) count; a hit may be a share."""
        if chosen is not None:
            cluster, hit = cluster[chosen], hit[chosen]
        sizes = np.bincount(cluster).astype(np.float64)
        hits = np.bincount(cluster, hit.astype(np.float64), len(sizes)).astype(np.float64)
        return cls(hits[sizes > 0], sizes[sizes > 0])

    @property
    def clusters(self) -> int:
        """The number of clusters."""
        return len(self.sizes)

    @property
    def n(self) -> float:
        """The number of observations."""
        return float(self.sizes.sum())

    @property
    def share(self) -> float:
        """The share of hits; NaN without observations."""
        return float(self.hits.sum() / self.n) if self.clusters else float("nan")


def intraclass_correlation(*strata: ClusterCounts) -> float | None:
    """Return how alike observations of one cluster are, 0 to 1; None where nothing can be told.

    The estimator from the analysis of variance (Ridout et al. 1999,
    https://doi.org/10.1111/j.0006-341X.1999.00137.x). Of several strata, such as classes, the
    variances are pooled: how the strata differ from each other does not count.
    """
    found = [one for one in map(_variances, strata) if one is not None]
    between, groups, within, rest, sizes = np.sum(found, axis=0) if found else np.zeros(5)
    if groups <= 0 or rest <= 0:
        return None
    mean_size = sizes / groups
    between, within = between / groups, within / rest
    total = between + (mean_size - 1) * within
    return float(np.clip((between - within) / total, 0, 1)) if total > 0 else None


def _variances(counts: ClusterCounts) -> tuple[float, float, float, float, float] | None:
    """Return the sum of squares between clusters and its degrees of freedom, both within them, and
    the mean size of clusters times the first degrees; None where nothing can be told."""
    n, groups, sizes = counts.n, counts.clusters, counts.sizes
    if groups < 2 or n <= groups or counts.share in (0, 1):
        return None
    shares = counts.hits / sizes
    between = float((sizes * (shares - counts.share) ** 2).sum())
    within = float((sizes * shares * (1 - shares)).sum())
    return between, groups - 1, within, n - groups, n - float((sizes**2).sum()) / n


def effective_size(
    counts: ClusterCounts, tail: float, correlation: float | None = None, cautious: bool = False
) -> float:
    """Return the effective number of observations, at most `counts.n`.

    `tail`: one end's share of the interval. `correlation`: the intraclass correlation of
    observations of the same kind. `cautious`: it bounds the number from above even where the
    clusters differ; else it only serves where they agree.
    """
    if counts.clusters < 2:
        return float(counts.clusters)
    reduction = _reduction(counts.n, counts.clusters, tail)
    share = counts.share
    residuals = (counts.hits - share * counts.sizes) / counts.n
    variance = float((residuals**2).sum()) * counts.clusters / (counts.clusters - 1)
    found = [counts.n]
    differ = 0 < share < 1 and variance > 0
    if differ:
        found.append(share * (1 - share) / variance * reduction)
    if correlation is not None and (cautious or not differ):
        mean_size = float((counts.sizes**2).sum()) / counts.n
        found.append(counts.n / (1 + (mean_size - 1) * correlation) * reduction)
    return min(found) if len(found) > 1 else float(counts.clusters)


def _reduction(n: float, clusters: int, tail: float) -> float:
    """Return the factor for a variance with `clusters` − 1 degrees of freedom in place of n − 1."""
    from scipy.special import stdtrit

    if n <= 1:
        return 1.0
    all_apart, apart = stdtrit(np.array([n - 1, clusters - 1]), 1 - tail)
    return float((all_apart / apart) ** 2)


def clustered_interval(
    counts: ClusterCounts, correlation: float | None = None, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return both ends of the two-sided interval of the share; NaN without observations.

    With the middle of the tail probabilities (mid-P; Dean & Pagano 2015,
    https://doi.org/10.1093/jssam/smv024) unless all observations agree, and with the variance of
    the jackknife and degrees of freedom for clusters of unequal size: so that it covers what it
    says on average, where bounds of promises stay cautious.
    """
    if not counts.clusters:
        return float("nan"), float("nan")
    n = _interval_size(counts, (1 - confidence) / 2, correlation)
    if counts.share in (0, 1):
        low, high = clopper_pearson(counts.share * n, n, confidence)
        return float(low), float(high)
    return mid_p_interval(counts.share * n, n, confidence)


def _interval_size(counts: ClusterCounts, tail: float, correlation: float | None) -> float:
    """Return the effective number of observations of a two-sided interval."""
    from scipy.special import stdtrit

    n, clusters, share = counts.n, counts.clusters, counts.share
    if clusters < 2:
        return float(clusters)
    even_clusters = n**2 / float((counts.sizes**2).sum())
    quantiles = stdtrit(np.array([n - 1, max(even_clusters - 1, 1)]), 1 - tail)
    reduction = float((quantiles[0] / quantiles[1]) ** 2)
    residuals = (counts.hits - share * counts.sizes) / (n - counts.sizes)
    variance = float((residuals**2).sum()) * (clusters - 1) / clusters
    if 0 < share < 1 and variance > 0:
        return min(n, share * (1 - share) / variance * reduction)
    if correlation is None:
        return float(clusters)
    mean_size = float((counts.sizes**2).sum()) / n
    return n / (1 + (mean_size - 1) * correlation) * min(reduction, 1.0)


def clustered_lower_bound(counts: ClusterCounts, tail: float, correlation: float | None) -> float:
    """Return the one-sided lower bound of the share, below which it is with probability `tail`.

    0 for fewer than two clusters.
    """
    if counts.clusters < 2:
        return 0.0
    n = effective_size(counts, tail, correlation, cautious=True)
    return float(lower_bound(counts.share * n, n, tail))
