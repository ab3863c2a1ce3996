"""Estimates of figures about N predictions, with intervals for both scopes of `Clusters`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array
from ctc.evaluation.metrics.evaluation import Estimate
from ctc.evaluation.statistics.clusters import Clusters, Scope
from ctc.evaluation.statistics.exact import Float64Array, Int64Array
from ctc.evaluation.statistics.jackknife import ClusterJackknife, Scale
from ctc.evaluation.statistics.korn_graubard import (
    ClusterCounts,
    clustered_interval,
    intraclass_correlation,
)

NAN = float("nan")
_SPARSE = 8

Interval = tuple[float, float]
Hits = NDArray[np.bool_] | Float64Array


@dataclass(frozen=True)
class ScopedClusters:
    """The cluster of each of N predictions in one scope, numbered from 0.

    `correlation`: of right answers within clusters (`intraclass_correlation`).
    """

    scope: Scope
    cluster: Int64Array
    correlation: float | None

    @classmethod
    def number(cls, scope: Scope, cluster: Int64Array, right: Hits) -> ScopedClusters:
        """Number the clusters that occur; `right` (N,): which predictions are right."""
        numbered = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
        counts = ClusterCounts.count(numbered, right)
        return cls(scope, numbered, intraclass_correlation(counts))

    @cached_property
    def jackknife(self) -> ClusterJackknife:
        """The groups of clusters to leave out."""
        return ClusterJackknife.from_clusters(self.cluster)

    def share_interval(self, hit: Hits, rows: Int64Array | None = None) -> Interval:
        """Return the interval of the share of hits (N,) among the predictions `rows`, or all."""
        if rows is None:
            return clustered_interval(ClusterCounts.count(self.cluster, hit), self.correlation)
        cluster = self.cluster[rows]
        if len(rows) * _SPARSE < len(self.cluster):
            cluster = np.unique(cluster, return_inverse=True)[1].astype(np.int64)
        return clustered_interval(ClusterCounts.count(cluster, hit[rows]), self.correlation)


@dataclass(frozen=True)
class Estimator:
    """Makes estimates; `scopes`: same locations, then new ones if two locations are known."""

    scopes: tuple[ScopedClusters, ...]

    @classmethod
    def from_events(cls, clusters: Clusters, event: Int32Array, right: Hits) -> Estimator:
        """Return the estimator of predictions of events (N,), of which `right` (N,) are right."""
        used = Clusters(clusters.run[event], clusters.location[event])
        names: tuple[Scope, ...] = ("same locations", "new locations")
        kept = names if used.has_locations else names[:1]
        return cls(tuple(ScopedClusters.number(name, used.of_scope(name), right) for name in kept))

    @property
    def widest(self) -> ScopedClusters:
        """The clusters of the widest scope that the data say anything about."""
        return self.scopes[-1]

    def proportion(self, hit: Hits, rows: Int64Array | None = None) -> Estimate:
        """Return the share of hits (N,) among the predictions `rows`, all by default.

        A hit may be a share, such as that of a tie. NaN without predictions.
        """
        chosen = hit if rows is None else hit[rows]
        value = float(chosen.mean()) if len(chosen) else NAN
        return estimate(value, [one.share_interval(hit, rows) for one in self.scopes])

    def f1(self, hit: NDArray[np.bool_], union: Int64Array) -> Estimate:
        """Return F1 = 2 J / (1 + J), where J is the share of hits (N,) in `union` (Jaccard)."""
        jaccard = self.proportion(hit, union)
        ends = (jaccard.value, jaccard.low, jaccard.high, jaccard.new_low, jaccard.new_high)
        return Estimate(*(2 * end / (1 + end) for end in ends))

    def jackknifed(
        self, value: float, left_out: Sequence[Float64Array], scale: Scale = "share"
    ) -> Estimate:
        """Return a value with intervals from its values without each group, (groups,) by scope."""
        found = [
            one.jackknife.interval(value, values, scale)
            for one, values in zip(self.scopes, left_out, strict=True)
        ]
        return estimate(value, found)

    def mean(self, values: Float64Array) -> Estimate:
        """Return the mean of positive values (N,)."""
        left_out = [one.jackknife.means(values) for one in self.scopes]
        return self.jackknifed(float(values.mean()), left_out, "positive")


def estimate(value: float, intervals: Sequence[Interval]) -> Estimate:
    """Return an estimate with the intervals of the scopes."""
    return Estimate(value, *(end for interval in intervals for end in interval))
