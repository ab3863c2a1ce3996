"""Intervals of a share over events that are alike within a place.

Events of one place resemble each other, so that they tell less than as many independent events.
The intervals are Clopper-Pearson's with the number of independent events that have the same
variance: Korn & Graubard 1998, "Confidence intervals for proportions with small expected number of
positive counts estimated from survey data", Survey Methodology 24, 193-201.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.reporting import counted

CONFIDENCE = 0.95
MIN_PLACES = 3
"""With fewer places their differences can't be told: events count as independent."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `events` and its interval at 95 %; `places` is 0 where events are independent."""

    value: float
    low: float
    high: float
    events: int
    places: int

    @property
    def over(self) -> str:
        """What the interval is over: '210 events of 7 places'."""
        places = f" of {counted(self.places, 'place')}" if self.places else ""
        return counted(self.events, "event") + places


def share_of(hits: NDArray[np.bool_], place: NDArray[np.int64]) -> Share:
    """Return the share of events that are hits (E,); `place` (E,) is −1 where it is unknown.

    Raises ValueError without events.
    """
    value, size, places = effective_size(hits, place)
    tail = (1 - CONFIDENCE) / 2
    low, high = _lower_bound(value, size, tail), 1 - _lower_bound(1 - value, size, tail)
    return Share(value, low, high, len(hits), places)


def upper_bound(
    hits: NDArray[np.bool_], place: NDArray[np.int64], confidence: float = CONFIDENCE
) -> float:
    """Return what the share of hits is below with this confidence (one-sided)."""
    value, size, _ = effective_size(hits, place)
    return 1 - _lower_bound(1 - value, size, 1 - confidence)


def effective_size(hits: NDArray[np.bool_], place: NDArray[np.int64]) -> tuple[float, float, int]:
    """Return the share of hits, the number of independent events it is worth, and the places.

    That number is share · (1 − share) / variance, where the variance is that between places, and
    is corrected for the number of places by quantiles of Student's t distribution. It is never
    larger than the number of events.
    """
    from scipy.stats import t

    count = len(hits)
    if not count:
        raise ValueError("no events")
    value = float(hits.mean())
    known = place >= 0
    places = len(np.unique(place[known]))
    if places < MIN_PLACES:
        return value, float(count), 0
    group = np.where(known, place, place.max() + 1 + np.arange(count))
    _, number = np.unique(group, return_inverse=True)
    groups = int(number.max()) + 1
    size = float(count)
    if 0 < value < 1:
        sums = np.bincount(number, hits - value)
        variance = groups / (groups - 1) * float(np.square(sums).sum()) / count**2
        size = min(size, value * (1 - value) / variance) if variance else size
    tail = 1 - (1 - CONFIDENCE) / 2
    size *= float((t.ppf(tail, count - 1) / t.ppf(tail, groups - 1)) ** 2)
    return value, size, places


def _lower_bound(share: float, size: float, tail: float) -> float:
    from scipy.stats import beta

    hits = share * size
    return float(beta.ppf(tail, hits, size - hits + 1)) if hits > 0 else 0.0
