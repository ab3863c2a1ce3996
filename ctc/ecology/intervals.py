"""95 % intervals of figures: over stations, and over draws of the classifier's answers.

Each draw is one completed data set; they are combined by Rubin's rules for multiple imputation
(Rubin 1987). Degrees of freedom are those of Barnard & Rubin 1999,
https://doi.org/10.1093/biomet/86.4.948, without their factor (ν + 1)/(ν + 3): it is there whether
anything was drawn or not, and draws that are all alike must not widen an interval.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctc.ecology.survey import Floats, Ints

_TAILS = (0.025, 0.975)
_TOO_WIDE = 100
"""How many times a figure its upper end may be, so that the interval still tells something."""


class Figure(NamedTuple):
    """A figure with the ends of its 95 % interval, NaN if there is none; the upper one may be ∞."""

    value: float
    low: float
    high: float

    @property
    def is_too_wide(self) -> bool:
        """Whether the interval tells nothing, as of a few units that differ much."""
        return self.high > _TOO_WIDE * self.value > 0


def ratio(counts: Floats, effort: Floats) -> Figure:
    """Return Σ counts / Σ effort over units.

    `counts` (U,), or (draws, U); `effort` (U,), more than 0. The variance between units is the
    jackknife's (Cochran 1977, section 6.17), the interval is Student's on the logarithm.
    """
    drawn = np.atleast_2d(counts)
    total, units = effort.sum(), len(effort)
    values = drawn.sum(axis=1) / total
    value = float(values.mean())
    if value == 0:
        return Figure(0.0, 0.0, _highest_for_none(float(total)))
    if units < 2:
        return Figure(value, float("nan"), float("nan"))
    without = (drawn.sum(axis=1, keepdims=True) - drawn) / (total - effort)
    within = float(without.var(axis=1).mean()) * (units - 1)
    spread, freedom = _combine(values, *_at_least_poisson(within, units - 1, value / total))
    with np.errstate(over="ignore"):  # units with next to no effort
        factor = np.exp(_student(freedom) * np.sqrt(spread) / value)
        return Figure(value, float(value / factor), float(value * factor))


def proportion(hits: Ints, n: int) -> Figure:
    """Return the share of n units with a property.

    `hits`: number of units, one or (draws,). Jeffreys' interval; of draws, of their mixture.
    """
    found = np.atleast_1d(hits).astype(float)
    value = float(found.mean() / n) if n else float("nan")
    if not n:
        return Figure(value, value, value)
    low, high = (_mixture_quantile(found, n, q) for q in _TAILS)
    return Figure(value, 0.0 if value == 0 else low, 1.0 if value == 1 else high)


def _mixture_quantile(hits: Floats, n: int, q: float) -> float:
    """Return a quantile of the mixture of Jeffreys' posteriors of each draw."""
    from scipy.optimize import brentq
    from scipy.stats import beta

    distinct, often = np.unique(hits, return_counts=True)
    ends = beta.ppf(q, distinct + 0.5, n - distinct + 0.5)
    low, high = float(ends.min()), float(ends.max())
    if low == high:
        return low

    def excess(share: float) -> float:
        below = beta.cdf(share, distinct + 0.5, n - distinct + 0.5)
        return float(below @ often / len(hits) - q)

    return float(brentq(excess, low, high))


def mean_of(values: Floats) -> Figure:
    """Return the mean over draws, with their quantiles, which are values of draws."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Figure(float("nan"), float("nan"), float("nan"))
    low, high = (float(q) for q in np.quantile(known, _TAILS, method="inverted_cdf"))
    return Figure(float(known.mean()), low, high)


def _at_least_poisson(within: float, freedom: float, poisson: float) -> tuple[float, float]:
    """Return the variance and its degrees of freedom, or a Poisson count's if that is wider.

    Few places may happen to differ less than their counts do by chance.
    """
    known = 1e9
    wider = _student(known) ** 2 * poisson > _student(freedom) ** 2 * within
    return (poisson, known) if wider else (within, freedom)


def _combine(values: Floats, within: float, freedom: float) -> tuple[float, float]:
    """Return the total variance of the mean of draws, and its degrees of freedom."""
    m = len(values)
    if m == 1:
        return within, freedom
    between = (1 + 1 / m) * float(values.var(ddof=1))
    total = within + between
    if between <= 0:
        return total, freedom
    share = between / total
    imputed = (m - 1) / share**2
    observed = freedom * (1 - share)
    return total, 1 / (1 / imputed + 1 / max(observed, 1e-9))


def _student(freedom: float) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, max(freedom, 1.0)))


def _highest_for_none(total: float) -> float:
    """Return the highest rate at which no record in all is likely (Garwood 1936)."""
    return float(-np.log(0.025) / total) if total else float("nan")
