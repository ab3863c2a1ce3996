"""Cluster bootstrap: intervals of figures that are no proportions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.exact import CONFIDENCE, Float64Array, Int64Array

RESAMPLES = 1_000
MAX_CLUSTERS = 1_000


@dataclass(frozen=True)
class ClusterBootstrap:
    """A bootstrap in which the observations of a cluster stay together (Davison & Hinkley 1997).

    With more than MAX_CLUSTERS clusters, random groups of them are resampled instead, which keeps
    the width of the intervals (random groups: Wolter 2007, chapter 2). `cluster` (N,): of each
    observation. `weights`, float32 (RESAMPLES, clusters): how often each cluster was drawn.
    """

    cluster: Int64Array
    weights: NDArray[np.float32]

    @classmethod
    def from_clusters(cls, cluster: NDArray[np.integer]) -> ClusterBootstrap:
        """Draw the resamples, always the same ones; `cluster` (N,): of each observation."""
        rng = np.random.default_rng(0)
        distinct, position = np.unique(cluster, return_inverse=True)
        clusters = min(len(distinct), MAX_CLUSTERS)
        group = (rng.permutation(len(distinct)) % clusters)[position]
        weights = rng.multinomial(clusters, np.full(clusters, 1 / clusters), RESAMPLES)
        return cls(group, weights.astype(np.float32))

    def counts(
        self, cell: Int64Array, cells: int, mask: NDArray[np.bool_] | None = None
    ) -> Float64Array:
        """Count the observations in each cell of each resample, (RESAMPLES, cells).

        `cell` (N,) is the cell of each observation; only those in `mask` (N,) count, if given.
        """
        cluster = self.cluster if mask is None else self.cluster[mask]
        counted = cell if mask is None else cell[mask]
        clusters = self.weights.shape[1]
        table = np.bincount(cluster * cells + counted, minlength=clusters * cells).reshape(
            clusters, cells
        )
        return (self.weights @ table.astype(np.float32)).astype(np.float64)

    def means(self, values: Float64Array) -> Float64Array:
        """Return the mean of `values` (N,) in each resample, (RESAMPLES,)."""
        clusters = self.weights.shape[1]
        sums = np.bincount(self.cluster, values, clusters)
        sizes = np.bincount(self.cluster, minlength=clusters)
        weights = self.weights.astype(np.float64)
        return np.asarray((weights @ sums) / (weights @ sizes))

    def intervals(self, samples: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return both ends of the interval of each column of `samples` (RESAMPLES, K), (K,) each.

        NaN in it is ignored. Percentiles, further out for few clusters (expanded percentile
        interval: Hesterberg 2015, https://doi.org/10.1080/00031305.2015.1089789); NaN for fewer
        than two clusters.
        """
        low, high = np.full((2, samples.shape[1]), np.nan)
        clusters = self.weights.shape[1]
        if clusters > 1:
            tail = _expanded_tail(clusters)
            for column, found in enumerate(samples.T):
                kept = found[~np.isnan(found)]
                if len(kept):
                    low[column], high[column] = np.quantile(kept, (tail, 1 - tail))
        return low, high


def _expanded_tail(clusters: int) -> float:
    """Return the percentile whose distance from the middle is that of Student's interval."""
    from scipy.stats import norm, t

    quantile = t.ppf((1 - CONFIDENCE) / 2, clusters - 1) * np.sqrt(clusters / (clusters - 1))
    return float(norm.cdf(quantile))
