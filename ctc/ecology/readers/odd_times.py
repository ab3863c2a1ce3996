"""Times that tell of a clock that was wrong, where start and end of cameras are those of photos."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ctc.ecology.survey import Bools, Deployments, Events, Floats, Ints, Times
from ctc.images.metadata.camera_clock import WHAT, is_wrong_time
from ctc.reporting import counted

LONG_SILENCE = 180
"""Days without an event of a camera from which on its clock may have jumped, or it was away."""
_DAY = 86_400


def odd_times(events: Events) -> Bools:
    """Return which events, (E,), have a time that no camera had, where their camera has others.

    Such a time is the default of a camera's clock, or in the future.
    """
    wrong = is_wrong_time(events.time)
    right = np.zeros(len(events.cameras), bool)
    right[events.camera[~wrong & ~np.isnat(events.time)]] = True
    return np.asarray(wrong & right[events.camera])


def describe_clocks(events: Events, deployments: Deployments) -> Iterator[str]:
    """Yield warnings of cameras whose clocks were wrong throughout, or may have jumped.

    `deployments`: without those of a table, in which start and end are right.
    """
    wrong = np.flatnonzero(is_wrong_time(events.time) & ~odd_times(events))
    cameras = np.unique(events.camera[wrong])
    if len(cameras):
        count = counted(len(cameras), "camera has", "cameras have")
        yield (
            f"{count} no other times than {WHAT}, such as '{events.cameras[int(cameras[0])]}' at"
            f" {events.time[wrong[0]]}: records and trap nights are counted there, at wrong dates;"
            " correct them with --clock-offset"
        )
    yield from _silences(events, deployments)


def _silences(events: Events, deployments: Deployments) -> Iterator[str]:
    camera, before, days = _long_silences(events)
    if not len(camera):
        return
    length = (deployments.end - deployments.start).astype("timedelta64[s]").astype(float) / _DAY
    count = counted(len(np.unique(camera)), "camera", "cameras")
    first = int(days.argmax())
    yield (
        f"{days.sum():,.0f} of {length.sum():,.0f} days of cameras are of {count} without any event"
        f" for more than {LONG_SILENCE} days, such as '{events.cameras[int(camera[first])]}' after"
        f" {before[first]}: if a clock jumped, give --clock-offset; if a camera was away,"
        " --deployments"
    )


def _long_silences(events: Events) -> tuple[Ints, Times, Floats]:
    """Return the camera of each long silence, the time before it, and its days."""
    known = np.flatnonzero(~np.isnat(events.time) & ~odd_times(events))
    order = known[np.lexsort((events.time[known], events.camera[known]))]
    time, camera = events.time[order], events.camera[order]
    days = np.diff(time).astype("timedelta64[s]").astype(float) / _DAY
    at = np.flatnonzero((np.diff(camera) == 0) & (days > LONG_SILENCE))
    return camera[at], time[at], days[at]
