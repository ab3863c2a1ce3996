"""Location, time and light of an event, from its metadata columns and photos."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ctc.artifacts.arrow_columns import DATETIME
from ctc.artifacts.event_record import MISSING

NIGHT, LATITUDE = "night", "latitude"
LIGHTS = ("day", "night", "colour", "infrared")
"""Kinds of light, by number: the first two by column or time, the others by the photo's colours."""
DAY_HOURS = range(6, 18)
"""Hours that count as day if the latitude is not known."""
SUNSET = -0.833
"""Elevation of the sun's centre in degrees at sunrise and sunset, with refraction."""

_YES = {"1", "1.0", "true", "yes", "night"}
_NO = {"0", "0.0", "false", "no", "day"}


class EventFacts(NamedTuple):
    """Facts about an event; '' or None if unknown.

    `night` is the value of the column `night`, `latitude` is in degrees. `is_infrared`: whether the
    first photo is grey or has one tint.
    """

    location: str = ""
    timestamp: str = ""
    night: bool | None = None
    latitude: float | None = None
    is_infrared: bool | None = None

    @property
    def light(self) -> int:
        """The number of the light in LIGHTS: by column, else by time, else by colours; or MISSING.

        A colour photo may be from the night, taken with white flash: so its light is not "day".
        """
        night = is_dark(self.timestamp, self.latitude) if self.night is None else self.night
        if night is not None:
            return int(night)
        return MISSING if self.is_infrared is None else 2 + int(self.is_infrared)


def parse_event_facts(meta: Mapping[str, Any], location: str) -> EventFacts:
    """Read `location`, `datetime`, `latitude` and `night` (yes/no, true/false, 1/0, night/day).

    `location` is the name of the location column.
    """
    value = _text(meta.get(NIGHT)).casefold()
    night = True if value in _YES else False if value in _NO else None
    latitude = _parse_latitude(_text(meta.get(LATITUDE)))
    return EventFacts(_text(meta.get(location)), _text(meta.get(DATETIME)), night, latitude)


def is_dark(timestamp: str, latitude: float | None = None) -> bool | None:
    """Return whether the sun is down at an ISO 8601 time of a camera's clock; None without an hour.

    The clock is taken as solar time, from which it may differ by up to two hours. Without
    `latitude`, night is outside DAY_HOURS.
    """
    try:
        time = datetime.fromisoformat(timestamp[:19]) if len(timestamp) >= 13 else None
    except ValueError:
        return None
    if time is None:
        return None
    return time.hour not in DAY_HOURS if latitude is None else _elevation(time, latitude) < SUNSET


def _elevation(time: datetime, latitude: float) -> float:
    """Return the elevation of the sun in degrees, at a solar time.

    The declination is that of Cooper 1969, https://doi.org/10.1016/0038-092X(69)90047-4.
    """
    day = time.timetuple().tm_yday
    declination = math.radians(23.45) * math.sin(2 * math.pi * (284 + day) / 365)
    hour_angle = math.radians(15 * (time.hour + time.minute / 60 - 12))
    north = math.radians(latitude)
    sine = math.sin(north) * math.sin(declination)
    sine += math.cos(north) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(sine))


def _parse_latitude(text: str) -> float | None:
    try:
        degrees = float(text)
    except ValueError:
        return None
    return degrees if -90 <= degrees <= 90 else None


def _text(value: Any) -> str:
    """Return a value as text; of a column with a value per photo, the first that is not None."""
    if isinstance(value, list | tuple):
        value = next((one for one in value if one is not None), None)
    return "" if value is None else str(value)
