"""Confidence intervals: Clopper-Pearson for proportions, cluster bootstrap for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctc.evaluation.metrics.evaluation import Estimate

CONFIDENCE = 0.95
RESAMPLES = 1_000
MAX_CLUSTERS = 1_000

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


def proportion(hits: float, n: int) -> Estimate:
    """Return the proportion `hits / n` with its Clopper-Pearson interval; NaN if `n` is 0.

    `hits` may be a sum of shares, such as those of ties.
    """
    low, high = clopper_pearson(hits, n)
    return Estimate(hits / n if n else float("nan"), float(low), float(high))


def clopper_pearson(
    hits: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Float64Array, Float64Array]:
    """Return both ends of the exact two-sided interval of a proportion; NaN where `n` is 0.

    Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404, as quantiles of the beta
    distribution.
    """
    tail = (1 - confidence) / 2
    high = 1 - lower_bound(np.subtract(n, hits), n, tail)
    return lower_bound(hits, n, tail), high


def lower_bound(hits: ArrayLike, n: ArrayLike, tail: float) -> Float64Array:
    """Return the lower end of the one-sided Clopper-Pearson interval.

    The proportion is below it with probability `tail`; NaN where `n` is 0.
    """
    from scipy.stats import beta

    good, total = np.asarray(hits, np.float64), np.asarray(n, np.float64)
    low = np.where(good > 0, beta.ppf(tail, np.where(good > 0, good, 1), total - good + 1), 0.0)
    return np.where(total > 0, low, np.nan)


@dataclass(frozen=True)
class ClusterBootstrap:
    """A bootstrap over events: all predictions of an event stay together (Davison & Hinkley 1997).

    With more than MAX_CLUSTERS events, random groups of events are resampled instead, which keeps
    the width of the intervals (random groups: Wolter 2007, chapter 2). `cluster` (N,) is the
    cluster of each prediction. `weights`, float32 (RESAMPLES, clusters), are how often each cluster
    was drawn.
    """

    cluster: Int64Array
    weights: NDArray[np.float32]

    @classmethod
    def from_events(cls, event: NDArray[np.int32]) -> ClusterBootstrap:
        """Draw the resamples, always the same ones; `event` (N,) is that of each prediction."""
        rng = np.random.default_rng(0)
        distinct, position = np.unique(event, return_inverse=True)
        clusters = min(len(distinct), MAX_CLUSTERS)
        cluster = (rng.permutation(len(distinct)) % clusters)[position]
        weights = rng.multinomial(clusters, np.full(clusters, 1 / clusters), RESAMPLES)
        return cls(cluster, weights.astype(np.float32))

    def counts(
        self, cell: Int64Array, cells: int, mask: NDArray[np.bool_] | None = None
    ) -> Float64Array:
        """Count the predictions in each cell of each resample, (RESAMPLES, cells).

        `cell` (N,) is the cell of each prediction; only those in `mask` (N,) count, if given.
        """
        cluster = self.cluster if mask is None else self.cluster[mask]
        counted = cell if mask is None else cell[mask]
        clusters = self.weights.shape[1]
        table = np.bincount(cluster * cells + counted, minlength=clusters * cells).reshape(
            clusters, cells
        )
        return (self.weights @ table.astype(np.float32)).astype(np.float64)


def bootstrap_estimates(values: Float64Array, samples: Float64Array) -> list[Estimate]:
    """Return each of `values` (K,) with the percentile interval of its column of `samples`.

    `samples` is (RESAMPLES, K); NaN in it is ignored.
    """
    tail = (1 - CONFIDENCE) / 2
    found = []
    for value, column in zip(values.tolist(), samples.T, strict=True):
        kept = column[~np.isnan(column)]
        ends: Sequence[float] = (
            np.quantile(kept, (tail, 1 - tail)).tolist() if len(kept) else (float("nan"),) * 2
        )
        found.append(Estimate(value, *(ends if not np.isnan(value) else (float("nan"),) * 2)))
    return found
