"""Which photos belong together: those that one camera took shortly after another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NO_LOCATION = -1


def burst_ids(
    locations: NDArray[np.int64], times: NDArray[np.datetime64], max_gap: np.timedelta64
) -> NDArray[np.int64]:
    """The number of each photo's burst, (n,), ascending by location and time.

    A photo belongs to the burst of its location's previous photo when it was taken at most
    `max_gap` after it. `locations`, (n,): any number ≥ 0 per location, NO_LOCATION where it isn't
    known; `times`, (n,): datetime64, NaT where it isn't known. A photo that lacks either stays
    alone. No burst spans two locations, since the clocks of two cameras don't agree."""
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
    """Where the photos of each burst stand in `times`, by time; the bursts in the order of the
    first of their places. At least one photo; see `burst_ids`."""
    numbers = burst_ids(locations, times, max_gap)
    by_time = np.lexsort((times, numbers))
    starts = np.flatnonzero(np.diff(numbers[by_time], prepend=-1))
    return sorted(np.split(by_time, starts[1:]), key=lambda burst: int(burst.min()))
