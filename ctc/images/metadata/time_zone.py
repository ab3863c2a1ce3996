"""Time zones of the cameras' clocks, which EXIF lacks: hours that a zone skips or has twice."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from ctc.errors import UsageError
from ctc.reporting import counted

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
SKIPPED, REPEATED = ("does not exist", "do not exist"), ("exists twice", "exist twice")
"""What is unclear of a time, and of several."""
_DATE_LENGTH = len("2016-09-25")
_FIRST, _LAST = datetime.min + timedelta(days=1), datetime.max - timedelta(days=1)
"""Times beyond these may be none in UTC."""


@dataclass(frozen=True)
class Clock:
    """Clock of the cameras; with `zone` None only times that have a zone can be used.

    `unclear`: how many times the zone skips or has twice, when summer time begins or ends.
    """

    zone: tzinfo | None
    unclear: Counter[tuple[str, str]] = field(default_factory=Counter)

    def localize(self, text: object, source: str) -> datetime | None:
        """Return an ISO 8601 text as a time with a zone; None when it isn't one, or a date alone.

        Raises UsageError, which names the photo `source`, when neither the text nor the clock has a
        zone.
        """
        time = parse_time(text)
        if time is None or time.tzinfo:
            return time
        if self.zone is None:
            raise UsageError(
                f"the time zone of '{source}', taken at {text}, is unknown: set --time-zone, "
                "for example --time-zone Europe/Berlin or --time-zone +01:00"
            )
        return self.with_offset(time)

    def notes(self) -> tuple[str, ...]:
        """Return a note for the reader of the package, if there were unclear times."""
        if not self.unclear:
            return ()
        counts = " and ".join(
            counted(count, f"time that {what[0]}", f"times that {what[1]}")
            for what, count in self.unclear.items()
        )
        advice = "most cameras keep their clock all year: for these set --time-zone to an offset"
        note = (
            f"{counts} in '{self.zone}', when summer time begins or ends; {advice} such as +01:00"
        )
        return (note,)

    def with_offset(self, time: datetime) -> datetime:
        """Return a time without zone with the offset of the clock, which has a zone.

        So times compare as in UTC.
        """
        local = time.replace(tzinfo=self.zone)
        offset = local.utcoffset() or timedelta(0)
        if not _FIRST < time < _LAST:
            return time.replace(tzinfo=timezone(offset))
        if local.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != time:
            self.unclear[SKIPPED] += 1
        elif local.replace(fold=1).utcoffset() != offset:
            self.unclear[REPEATED] += 1
        return time.replace(tzinfo=timezone(offset))


def parse_time(text: object) -> datetime | None:
    """Return the time of an ISO 8601 text; None when it isn't one, or a date alone."""
    if not isinstance(text, str) or len(text) <= _DATE_LENGTH:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def make_clock(zone: str | None) -> Clock:
    """Return the clock for the value of `--time-zone`; raises UsageError for an unknown zone."""
    return Clock(None if zone is None else parse_zone(zone))


def parse_zone(text: str) -> tzinfo:
    """Return the zone of a name or an offset such as '+01:00'; raises UsageError."""
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
