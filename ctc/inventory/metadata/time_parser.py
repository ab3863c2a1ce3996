"""Parse dates and times as people and programs write them.

Year first: ISO 8601, `2016/05/01 16:00`, EXIF's `2016:05:01 16:00:05`. Year last:
`01/05/2016 4:00 PM`, `05.01.2016 16:00:05`, whose order of day and month is decided from all values
of the column. English names of months: `1-May-2016 16:00`, `May 1, 2016 4:00 PM`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from ctc.errors import InputError, UsageError

DayOrder = Literal["day first", "month first"]
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FORMAT_HINT = "--time-format '%d/%m/%Y %H:%M'"

_TIME = (
    r"(?:(?:\s*[T,]\s*|\s+)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)"
    r"(?:[.,](?P<fraction>\d+))?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.:])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)" + _TIME
)
_YEAR_LAST = re.compile(
    r"(?P<one>\d\d?)(?P<sep>[-/.:])(?P<two>\d\d?)(?P=sep)(?P<year>\d{4})" + _TIME
)
_DAY_NAME = re.compile(
    r"(?P<day>\d\d?)[-/. ]+(?P<name>[A-Za-z]{3,9})[-/., ]+(?P<year>\d{4})" + _TIME
)
_NAME_DAY = re.compile(r"(?P<name>[A-Za-z]{3,9})[. ]+(?P<day>\d\d?)(?:,? +)(?P<year>\d{4})" + _TIME)


@dataclass(frozen=True)
class ParsedTime:
    """A time, and whether the text has a time of day."""

    time: datetime
    has_clock: bool

    def isoformat(self) -> str:
        """Return the ISO 8601 text: a date alone if there is no time of day."""
        return self.time.isoformat() if self.has_clock else self.time.date().isoformat()


def parse_times(texts: Sequence[str], column: str) -> list[ParsedTime | None]:
    """Parse the texts of a column; None where one is no date.

    Raises UsageError if the order of day and month can't be told from these texts, and InputError
    if they contradict each other.
    """
    order = decide_day_order(texts, column)
    return [_parse(text.strip(), order) for text in texts]


def parse_with_format(texts: Iterable[str], time_format: str) -> list[ParsedTime | None]:
    """Parse the texts with a format of `datetime.strptime`; None where one doesn't match.

    Raises UsageError if the format itself is not valid.
    """
    has_clock = re.search("%[HIcXs]", time_format) is not None
    _check_format(time_format)
    return [_parse_with(text.strip(), time_format, has_clock) for text in texts]


def decide_day_order(texts: Sequence[str], column: str) -> DayOrder:
    """Return whether the day or the month comes first in dates that end with the year.

    A number above 12 decides. Where nothing depends on the order, 'day first' is returned.
    """
    dates = [(text, int(found["one"]), int(found["two"])) for text, found in _year_last(texts)]
    day_first = next((text for text, one, two in dates if one > 12 >= two), None)
    month_first = next((text for text, one, two in dates if two > 12 >= one), None)
    if day_first and month_first:
        raise InputError(
            f"the dates in '{column}' have two orders: the day is first in '{day_first}', the "
            f"month in '{month_first}': write all dates of the source in one order"
        )
    unclear = next((text for text, one, two in dates if one != two), None)
    if unclear and not (day_first or month_first):
        raise UsageError(
            f"the dates in '{column}', such as '{unclear}', may have the day or the month first: "
            f"give --time-format '{_format_of(unclear, '%d', '%m')}' or "
            f"'{_format_of(unclear, '%m', '%d')}'"
        )
    return "month first" if month_first else "day first"


def _year_last(texts: Iterable[str]) -> Iterable[tuple[str, re.Match[str]]]:
    for text in texts:
        if found := _YEAR_LAST.fullmatch(text.strip()):
            yield text, found


def _format_of(text: str, first: str, second: str) -> str:
    """Return the strptime format of a date with the year last, with the given order."""
    found = _YEAR_LAST.fullmatch(text.strip())
    assert found is not None
    date = found["sep"].join((first, second, "%Y"))
    if found["hour"] is None:
        return date
    stripped = text.strip()
    between = stripped[found.end("year") : found.start("hour")]
    sign = stripped[found.end("hour")]
    clock = sign.join(("%I" if found["half"] else "%H", "%M", "%S")[: 3 if found["second"] else 2])
    if found["half"]:
        last = found.end("second" if found["second"] else "minute")
        clock += stripped[last : found.start("half")] + "%p"
    return date + between + clock


def _parse(text: str, order: DayOrder) -> ParsedTime | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return _build(found, int(found["month"]), int(found["day"]))
    if found := _YEAR_LAST.fullmatch(text):
        one, two = int(found["one"]), int(found["two"])
        day, month = (one, two) if order == "day first" else (two, one)
        return _build(found, month, day)
    if found := _DAY_NAME.fullmatch(text) or _NAME_DAY.fullmatch(text):
        name = found["name"].lower()
        if name[:3] in MONTHS:
            return _build(found, MONTHS.index(name[:3]) + 1, int(found["day"]))
    return None


def _build(found: re.Match[str], month: int, day: int) -> ParsedTime | None:
    hour = int(found["hour"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (found["half"].lower().startswith("p"))
    microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        time = datetime(
            int(found["year"]),
            month,
            day,
            hour,
            int(found["minute"] or 0),
            int(found["second"] or 0),
            microsecond,
            _zone(found["zone"]),
        )
    except ValueError:  # a month 13, an hour 24, or the year 0000
        return None
    return ParsedTime(time, found["hour"] is not None)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _check_format(time_format: str) -> None:
    try:
        datetime.strptime("", time_format)
    except re.error:  # a directive is given twice
        valid = False
    except ValueError as error:
        valid = "does not match format" in str(error)
    else:
        valid = False
    if not valid:
        raise UsageError(
            f"--time-format '{time_format}' is not valid: write it like '%d/%m/%Y %H:%M:%S'"
        )


def _parse_with(text: str, time_format: str, has_clock: bool) -> ParsedTime | None:
    try:
        return ParsedTime(datetime.strptime(text, time_format), has_clock)
    except ValueError:
        return None
