"""The offset of a clock, from the limits between which it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_WIDTH = timedelta(hours=1)
"""Between limits this close, the middle is taken."""
YEAR = 365.25 * 86_400
HALF_DAY = 43_200
_MAX_YEARS = 60


@dataclass(frozen=True)
class Limits:
    """Seconds to add are from `low` to `high`; None: nothing tells."""

    low: float | None = None
    high: float | None = None

    def within(self, other: Limits) -> Limits:
        """Return the limits of both."""
        lows = [one for one in (self.low, other.low) if one is not None]
        highs = [one for one in (self.high, other.high) if one is not None]
        return Limits(max(lows, default=None), min(highs, default=None))

    @property
    def width(self) -> float | None:
        """The distance of both in seconds, negative if they contradict each other."""
        return None if self.low is None or self.high is None else self.high - self.low

    def hold(self, seconds: float) -> bool:
        """Return whether an offset is between the limits."""
        above = self.low is None or seconds >= self.low
        return above and (self.high is None or seconds <= self.high)


@dataclass(frozen=True)
class Offset:
    """`seconds` to add, `sure`: the probability that this is right, `how`: it was found."""

    seconds: float
    sure: float
    how: str


def likely_offset(limits: Limits, shown: datetime) -> Offset | None:
    """Return the offset of a clock that showed `shown`, None if the limits don't tell it.

    Limits at most an hour apart tell it; else a year that was set wrong does, if a single one is
    between limits that would hold one seldom by chance.
    """
    width = limits.width
    if width is None or width < 0:
        return None
    low, high = limits.low or 0.0, limits.high or 0.0
    if width <= MAX_WIDTH.total_seconds():
        spread = max(1, round(width / 120))
        return Offset(
            round((low + high) / 2), 1.0, f"to within {spread} min by what is before and after"
        )
    years = [years for years in range(-_MAX_YEARS, _MAX_YEARS + 1) if years]
    fitting = [
        one
        for one in years
        if (shift := _year_shift(shown, one)) is not None and limits.hold(shift)
    ]
    if len(fitting) != 1:
        return None
    shift = _year_shift(shown, fitting[0])
    assert shift is not None
    word = "year" if abs(fitting[0]) == 1 else "years"
    return Offset(
        shift, max(0.0, 1 - width / YEAR), f"the year was set {abs(fitting[0])} {word} off"
    )


def _year_shift(shown: datetime, years: int) -> float | None:
    """Return the seconds from a time to the same one in another year."""
    try:
        return (shown.replace(year=shown.year + years) - shown).total_seconds()
    except ValueError:  # 29 February, or a year out of range
        return None
