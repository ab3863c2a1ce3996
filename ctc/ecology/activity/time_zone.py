"""By how much the clocks of cameras are ahead of UTC."""

from __future__ import annotations

from datetime import datetime, tzinfo

import numpy as np

from ctc.ecology.survey import Floats, Ints, Times
from ctc.images.metadata.time_zone import parse_zone


def zone_minutes(times: Times, zone: str, known: Floats | None, event: Ints) -> Floats:
    """Return minutes ahead of UTC at `times` (n,), NaN where nothing says so.

    `zone`: a name such as 'Europe/Berlin', or '+01:00'; '' if not given. `known` (E,): what the
    times of events said themselves, which comes first; `event` (n,). Raises UsageError for an
    unknown zone.
    """
    own = np.full(len(times), np.nan) if known is None else known[event]
    return np.where(np.isnan(own), _of_zone(times, parse_zone(zone)), own) if zone else own


def _of_zone(times: Times, zone: tzinfo) -> Floats:
    hours, number = np.unique(times.astype("datetime64[h]"), return_inverse=True)
    return np.array([_minutes_at(hour, zone) for hour in hours.tolist()], float)[number]


def _minutes_at(hour: datetime, zone: tzinfo) -> float:
    offset = hour.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return offset.total_seconds() / 60
