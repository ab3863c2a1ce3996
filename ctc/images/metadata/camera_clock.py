"""Times of cameras whose clock was not set, or was lost when the batteries were changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LAST_IMPOSSIBLE_YEAR = 2000
"""Clocks start in 1970, 1980 or 2000; cameras with EXIF times are newer than that."""
DEFAULT_YEARS = (2010, 2015)
"""Others start on 1 January of these years."""
DEFAULT_HOURS = (0, 12)
_MARGIN = np.timedelta64(2, "D")
WHAT = "the default of a camera's clock or in the future"


def is_wrong_time(times: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return which times, (n,), are the default of a camera's clock or in the future.

    A default is any time up to the year 2000, or one in the first hour after midnight or noon of
    1 January 2010 or 2015. False for NaT. Two days ahead of this machine's clock are allowed.
    """
    seconds = times.astype("datetime64[s]")
    known = ~np.isnat(seconds)
    year = seconds.astype("datetime64[Y]")
    day = seconds.astype("datetime64[D]")
    years = year.astype(np.int64) + 1970
    hours = (seconds - day).astype("timedelta64[h]").astype(np.int64)
    first_hour = (day == year) & np.isin(hours, DEFAULT_HOURS)
    old = (years <= LAST_IMPOSSIBLE_YEAR) | (np.isin(years, DEFAULT_YEARS) & first_hour)
    future = seconds > np.datetime64("now", "s") + _MARGIN
    wrong: NDArray[np.bool_] = known & (old | future)
    return wrong
