"""ISO 8601 times of camera trap tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SHORT_ZONE = re.compile(r"([T ].*[+-])(\d(?::?\d\d)?)$")
"""A zone such as -5:00, which the standard's own examples have."""
_DATE_LENGTH = len("2024-05-01")


def normalize_timestamp(time: str) -> str:
    """Return an ISO 8601 time with two digits for the hours of its zone, as in '…-05:00'."""
    return _SHORT_ZONE.sub(r"\g<1>0\2", time)


def parse_timestamp(time: str) -> float | None:
    """Return an ISO 8601 time in seconds since 1970, None if it isn't one.

    A time without a zone is read as UTC.
    """
    moment, _ = parse_moment(time)
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def parse_moment(text: str) -> tuple[datetime | None, bool]:
    """Return a time with the zone that it has, None if it is none, and whether it has a clock time.

    A date alone is midnight, without a clock time.
    """
    text = text.strip()
    found = _from_iso_format(text) or _from_iso_format(normalize_timestamp(text))
    return found, found is not None and len(text) > _DATE_LENGTH


def _from_iso_format(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
