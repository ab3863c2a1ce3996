"""Time zone of the cameras' clocks, which EXIF lacks: `--time-zone`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from ctc.errors import UsageError
from ctc.plugin import Option

TIME_ZONE = Option(
    "time-zone",
    "Time zone of the cameras' clocks, which EXIF lacks: a name such as Europe/Berlin, "
    "or an offset such as +01:00.",
    metavar="ZONE",
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_DATE_LENGTH = len("2016-09-25")


@dataclass(frozen=True)
class Clock:
    """Clock of the cameras; with `zone` None only times that have a zone can be used."""

    zone: tzinfo | None

    def localize(self, text: object, source: str) -> datetime | None:
        """Return an ISO 8601 text as a time with a zone; None when it isn't one, or a date alone.

        Raises UsageError, which names the photo `source`, when neither the text nor the clock has a
        zone.
        """
        if not isinstance(text, str) or len(text) <= _DATE_LENGTH:
            return None
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            return None
        if time.tzinfo is None and self.zone is None:
            raise UsageError(
                f"the time zone of '{source}', taken at {text}, is unknown: set --time-zone, "
                "for example --time-zone Europe/Berlin or --time-zone +01:00"
            )
        return time if time.tzinfo else time.replace(tzinfo=self.zone)


def make_clock(zone: str | None) -> Clock:
    """Return the clock for the value of TIME_ZONE; raises UsageError for an unknown zone."""
    return Clock(None if zone is None else _parse_zone(zone))


def _parse_zone(text: str) -> tzinfo:
    offset = _OFFSET.fullmatch(text)
    if offset:
        sign, hours, minutes = offset.groups()
        shift = timedelta(hours=int(hours), minutes=int(minutes))
        if shift < timedelta(hours=24):
            return timezone(-shift if sign == "-" else shift)
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        remedy = "give a name such as Europe/Berlin, or an offset such as +01:00"
        if not available_timezones():
            remedy = (
                "this system has no time zone database; give an offset such as +01:00, "
                "or pip install tzdata"
            )
        raise UsageError(f"no time zone called '{text}': {remedy}") from None
