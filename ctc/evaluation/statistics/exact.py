"""Bounds of a proportion of independent observations: exact (Clopper-Pearson), and mid-P."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
_BISECTIONS = 40
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


def mid_p_interval(hits: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return both ends of the two-sided mid-P interval of a proportion.

    It counts half of the probability of what was observed, so that it is not cautious as the exact
    one is (Lancaster 1961, https://doi.org/10.1080/01621459.1961.10482105).
    """
    tail = (1 - confidence) / 2
    return _mid_p_bound(hits, n, tail), 1 - _mid_p_bound(n - hits, n, tail)


def _mid_p_bound(hits: float, n: float, tail: float) -> float:
    """Return the proportion for which `hits` or more, the former counted half, have `tail`."""
    from scipy.special import betainc

    if hits <= 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        more = betainc(hits + 1, n - hits, middle) if hits < n else 0.0
        if betainc(hits, n - hits + 1, middle) + more < 2 * tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2
