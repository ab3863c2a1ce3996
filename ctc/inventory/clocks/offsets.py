"""The offset of a clock, from the limits between which it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ctc.reporting import counted

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

    A year that was set wrong tells it, if a single one is between limits that would hold one seldom
    by chance; else the middle of limits at most an hour apart.
    """
    width = limits.width
    if width is None or width < 0:
        return None
    fitting = _fitting_years(limits, shown)
    if len(fitting) == 1:
        ((years, shift),) = fitting.items()
        how = f"the year was set {counted(abs(years), 'year')} off"
        return Offset(shift, max(0.0, 1 - width / YEAR), how)
    if width > MAX_WIDTH.total_seconds():
        return None
    spread = max(1, round(width / 120))
    middle = round(((limits.low or 0.0) + (limits.high or 0.0)) / 2)
    return Offset(middle, 1.0, f"to within {spread} min by what is before and after")


def _fitting_years(limits: Limits, shown: datetime) -> dict[int, float]:
    """Return the shifts by whole years, in seconds, that are between the limits."""
    shifts = {
        years: shift
        for years in range(-_MAX_YEARS, _MAX_YEARS + 1)
        if years and (shift := _year_shift(shown, years)) is not None
    }
    return {years: shift for years, shift in shifts.items() if limits.hold(shift)}


def _year_shift(shown: datetime, years: int) -> float | None:
    """Return the seconds from a time to the same one in another year."""
    try:
        return (shown.replace(year=shown.year + years) - shown).total_seconds()
    except ValueError:  # 29 February, or a year out of range
        return None
