"""Grouping of photos into bursts: photos that one camera took in quick succession."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_LOCATION = -1
"""Location number of a photo whose location is not known."""


def burst_ids(
    locations: NDArray[np.int64], times: NDArray[np.datetime64], max_gap: np.timedelta64
) -> NDArray[np.int64]:
    """Return the burst number of each photo, (n,), ascending by location and time.

    A photo belongs to the burst of the previous photo of its location if it was taken at most
    `max_gap` after it. `locations`, (n,): a number ≥ 0 per location, or NO_LOCATION; `times`, (n,):
    datetime64, NaT if not known. A photo without either is a burst of its own. No burst spans two
    locations, since the clocks of two cameras are not synchronised.
    """
    order = np.lexsort((times, locations))
    place, time = locations[order], times[order]
    alone = (place == NO_LOCATION) | np.isnat(time)
    starts = np.ones(len(order), bool)
    starts[1:] = (
        alone[1:] | alone[:-1] | (place[1:] != place[:-1]) | ~(time[1:] - time[:-1] <= max_gap)
    )
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.cumsum(starts) - 1
    return numbers


def group_bursts(
    locations: NDArray[np.int64], times: NDArray[np.datetime64], max_gap: np.timedelta64
) -> list[NDArray[np.intp]]:
    """Return, for each burst, the indices of its photos in `times`, ordered by time.

    The bursts are ordered by their smallest index. Needs at least one photo; see `burst_ids`.
    """
    numbers = burst_ids(locations, times, max_gap)
    by_time = np.lexsort((times, numbers))
    starts = np.flatnonzero(np.diff(numbers[by_time], prepend=-1))
    return sorted(np.split(by_time, starts[1:]), key=lambda burst: int(burst.min()))
