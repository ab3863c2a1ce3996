"""How sure a figure is: intervals for shares, and resampling."""

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


def proportion(hits: int, n: int) -> Estimate:
    """A share with its Clopper-Pearson interval; NaN of nothing."""
    low, high = clopper_pearson(hits, n)
    return Estimate(hits / n if n else float("nan"), float(low), float(high))


def clopper_pearson(
    hits: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Float64Array, Float64Array]:
    """Both ends of the exact two-sided interval of a share; NaN where `from_events` is 0.

    Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404, as quantiles of the beta
    distribution."""
    tail = (1 - confidence) / 2
    high = 1 - lower_bound(np.subtract(n, hits), n, tail)
    return lower_bound(hits, n, tail), high


def lower_bound(hits: ArrayLike, n: ArrayLike, tail: float) -> Float64Array:
    """The share that is missed with the probability `tail`: the lower end of the one-sided
    Clopper-Pearson interval."""
    from scipy.stats import beta

    good, total = np.asarray(hits, np.float64), np.asarray(n, np.float64)
    low = np.where(good > 0, beta.ppf(tail, np.maximum(good, 1), total - good + 1), 0.0)
    return np.where(total > 0, low, np.nan)


@dataclass(frozen=True)
class ClusterBootstrap:
    """A bootstrap over events, whose answers stay together (Davison & Hinkley 1997).

    Where there are more than MOST_BUNDLES events, random bundles of them are drawn instead, which
    leaves the intervals as wide (random groups: Wolter 2007, chapter 2). `cluster` (N,): the bundle
    that each answer is in. `weights`: float32 (RESAMPLES, bundles): how often each bundle was
    drawn."""

    cluster: Int64Array
    weights: NDArray[np.float32]

    @classmethod
    def from_events(cls, event: NDArray[np.int32]) -> ClusterBootstrap:
        """`event` (N,): which event each answer is of. The same answers are resampled in the same
        way each time."""
        rng = np.random.default_rng(0)
        distinct, position = np.unique(event, return_inverse=True)
        bundles = min(len(distinct), MAX_CLUSTERS)
        bundle = (rng.permutation(len(distinct)) % bundles)[position]
        weights = rng.multinomial(bundles, np.full(bundles, 1 / bundles), RESAMPLES)
        return cls(bundle, weights.astype(np.float32))

    def counts(
        self, cell: Int64Array, cells: int, mask: NDArray[np.bool_] | None = None
    ) -> Float64Array:
        """(RESAMPLES, cells): how many answers are in each cell in each resample; `cell` (N,), of
        which only those `mask` count."""
        bundle = self.cluster if mask is None else self.cluster[mask]
        chosen = cell if mask is None else cell[mask]
        bundles = self.weights.shape[1]
        table = np.bincount(bundle * cells + chosen, minlength=bundles * cells).reshape(
            bundles, cells
        )
        return (self.weights @ table.astype(np.float32)).astype(np.float64)


def bootstrap_estimates(values: Float64Array, samples: Float64Array) -> list[Estimate]:
    """Each of `values` (K,) with the percentile interval of its column of `samples` (RESAMPLES, K),
    in which NaN is passed over."""
    tail = (1 - CONFIDENCE) / 2
    found = []
    for value, column in zip(values.tolist(), samples.T, strict=True):
        kept = column[~np.isnan(column)]
        ends: Sequence[float] = (
            np.quantile(kept, (tail, 1 - tail)).tolist() if len(kept) else (float("nan"),) * 2
        )
        found.append(Estimate(value, *(ends if not np.isnan(value) else (float("nan"),) * 2)))
    return found
