"""By how much the clocks of cameras are ahead of UTC."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from ctc.ecology.survey import Floats, Ints, Times
from ctc.errors import UsageError

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


def zone_minutes(times: Times, zone: str, known: Floats | None, event: Ints) -> Floats:
    """Return minutes ahead of UTC at `times` (n,), NaN where nothing says so.

    `zone`: a name such as 'Europe/Berlin', or '+01:00'; '' if not given. `known` (E,): what the
    times of events said themselves, which comes first; `event` (n,). Raises UsageError for an
    unknown zone.
    """
    own = np.full(len(times), np.nan) if known is None else known[event]
    return np.where(np.isnan(own), _of_zone(times, zone), own) if zone else own


def _of_zone(times: Times, zone: str) -> Floats:
    if fixed := _OFFSET.fullmatch(zone):
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        return np.full(len(times), float(minutes if fixed[1] == "+" else -minutes))
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"--time-zone '{zone}' is not known: give a name such as 'Europe/Berlin', or '+01:00'"
        ) from None
    hours, number = np.unique(times.astype("datetime64[h]"), return_inverse=True)
    return np.array([_minutes_at(hour, place) for hour in hours.tolist()], float)[number]


def _minutes_at(hour: datetime, place: ZoneInfo) -> float:
    offset = hour.replace(tzinfo=place).utcoffset()
    assert offset is not None
    return offset.total_seconds() / 60
