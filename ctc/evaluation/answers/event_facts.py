"""Location, time and daylight of an event, from its metadata columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ctc.artifacts.arrow_columns import DATETIME

NIGHT = "night"
DAY_HOURS = range(6, 18)
"""Hours that count as day if neither a column nor the photo's colours are known."""

_YES = {"1", "1.0", "true", "yes", "night"}
_NO = {"0", "0.0", "false", "no", "day"}


class EventFacts(NamedTuple):
    """Facts about an event; '' or None if unknown. `night` is the value of the column `night`."""

    location: str = ""
    timestamp: str = ""
    night: bool | None = None


def parse_event_facts(meta: Mapping[str, Any], location: str) -> EventFacts:
    """Read the columns `location`, `datetime` and `night` (yes/no, true/false, 1/0, night/day).

    `location` is the name of the location column.
    """
    value = _text(meta.get(NIGHT)).casefold()
    night = True if value in _YES else False if value in _NO else None
    return EventFacts(_text(meta.get(location)), _text(meta.get(DATETIME)), night)


def is_night_by_hour(timestamp: str) -> bool | None:
    """Return whether an ISO 8601 time is outside DAY_HOURS; None without an hour."""
    hour = timestamp[11:13]
    return int(hour) not in DAY_HOURS if hour.isdecimal() else None


def _text(value: Any) -> str:
    """Return a value as text; of a column with a value per photo, the first that is not None."""
    if isinstance(value, list | tuple):
        value = next((one for one in value if one is not None), None)
    return "" if value is None else str(value)
