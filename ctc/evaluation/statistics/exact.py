"""Exact (Clopper-Pearson) bounds of a proportion of independent observations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]


def clopper_pearson(
    hits: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Float64Array, Float64Array]:
    """Return both ends of the exact two-sided interval of a proportion; NaN where `n` is 0.

    `hits` and `n` need not be whole numbers. Clopper & Pearson 1934,
    https://doi.org/10.1093/biomet/26.4.404, as quantiles of the beta distribution.
    """
    tail = (1 - confidence) / 2
    high = 1 - lower_bound(np.subtract(n, hits), n, tail)
    return lower_bound(hits, n, tail), high


def lower_bound(hits: ArrayLike, n: ArrayLike, tail: ArrayLike) -> Float64Array:
    """Return the lower end of the one-sided Clopper-Pearson interval.

    The proportion is below it with probability `tail`; NaN where `n` is 0.
    """
    from scipy.stats import beta

    good, total = np.asarray(hits, np.float64), np.asarray(n, np.float64)
    low = np.where(good > 0, beta.ppf(tail, np.where(good > 0, good, 1), total - good + 1), 0.0)
    return np.where(total > 0, low, np.nan)
