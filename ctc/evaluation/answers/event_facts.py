"""Where and when an event was, from its meta columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ctc.artifacts.arrow_columns import DATETIME

NIGHT = "night"
DAY_HOURS = range(6, 18)
"""Hours that count as day where neither a column nor the photo's colours tell."""

_YES = {"1", "1.0", "true", "yes", "night"}
_NO = {"0", "0.0", "false", "no", "day"}


class EventFacts(NamedTuple):
    """'' or None where nothing is known. `night` as the column of that name says."""

    location: str = ""
    timestamp: str = ""
    night: bool | None = None


def parse_event_facts(meta: Mapping[str, Any], location: str) -> EventFacts:
    """From the columns called `location`, `datetime` and `night` (yes/no, true/false, 1/0,
    night/day)."""
    told = _text(meta.get(NIGHT)).casefold()
    night = True if told in _YES else False if told in _NO else None
    return EventFacts(_text(meta.get(location)), _text(meta.get(DATETIME)), night)


def is_night_by_hour(timestamp: str) -> bool | None:
    """Whether an ISO 8601 time is outside DAY_HOURS; None without an hour."""
    hour = timestamp[11:13]
    return int(hour) not in DAY_HOURS if hour.isdecimal() else None


def _text(value: Any) -> str:
    """Of a column with a value per photo, the first that says something."""
    if isinstance(value, list | tuple):
        value = next((one for one in value if one is not None), None)
    return "" if value is None else str(value)
