"""Tables of deployments: those of Camtrap DP, camtrapR, Wildlife Insights, and others.

camtrapR's `Problem1_from`, `Problem1_to`, `Problem2_from`, … are times in which a camera did not
work, in a table of any kind. Dates without a time of day mean noon, where they are a start or an
end; of a problem, the first is midnight before it and the last midnight after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ctc.artifacts.camtrap_dp.coordinates import LIMITS, LenientCoordinates, parse_degrees
from ctc.artifacts.camtrap_dp.timestamps import parse_moment
from ctc.errors import InputError, UsageError
from ctc.storage.csv_reader import MISSING, read_rows

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "station": ("locationID", "locationName", "Station", "placename", "location", "station"),
    "camera": ("deploymentID", "deployment_id", "Camera", "deployment", "camera"),
    "start": ("deploymentStart", "Setup_date", "start_date", "start", "setup"),
    "end": ("deploymentEnd", "Retrieval_date", "end_date", "end", "retrieval"),
    "latitude": ("latitude", "lat", "Latitude"),
    "longitude": ("longitude", "lon", "lng", "Longitude"),
}
"""Names of columns, those that come first win where a row has several."""
PROBLEM = re.compile(r"problem_?(\d+)_(from|to)", re.IGNORECASE)
EXPECTED = (
    "deploymentID or Station, deploymentStart or Setup_date, and deploymentEnd or Retrieval_date"
)
_NOON, _DAY = timedelta(hours=12), timedelta(days=1)
_LAST = timedelta(hours=23, minutes=59, seconds=59)

_Row = Mapping[str, str | None]


@dataclass(frozen=True)
class DeploymentRow:
    """A row of a table; times have the zone that the table has, maybe none.

    `since` and `until` are the first and the last moment that its photos may have: where only the
    days of `start` and `end` are known, all of them. `gaps`: (from, to) of times when the camera
    did not work. Coordinates are degrees, NaN is unknown. `cells`: all, by column, '' is missing.
    """

    camera: str
    station: str
    start: datetime
    end: datetime
    since: datetime
    until: datetime
    latitude: float
    longitude: float
    gaps: tuple[tuple[datetime, datetime], ...]
    cells: Mapping[str, str]


def read_deployment_rows(path: Path) -> list[DeploymentRow]:
    """Read a CSV table with one row per deployment, also at a URL.

    Raises CtcError, with file and line, for columns that are missing, times that are none, ends
    before starts, and coordinates out of range.
    """
    if not path.is_file():
        raise UsageError(f"deployments '{path}' do not exist: give a CSV table with {EXPECTED}")
    columns, rows = read_rows(path)
    _check_columns(path, columns)
    found = parse_deployment_rows((f"'{path}' line {line}", row) for line, row in rows)
    if not found:
        raise InputError(f"'{path}' has no deployment: give a CSV table with {EXPECTED}")
    return found


def parse_deployment_rows(
    rows: Iterable[tuple[str, _Row]], lenient: LenientCoordinates | None = None
) -> list[DeploymentRow]:
    """Return the deployments of (where, cells by column); raises InputError, which says where.

    `lenient` takes coordinates that can't be read as missing.
    """
    return [_parse(row, where, lenient) for where, row in rows]


def _check_columns(path: Path, columns: list[str]) -> None:
    for meaning in ("start", "end"):
        if not set(COLUMNS[meaning]) & set(columns):
            raise InputError(
                f"'{path}' has no column with the {meaning} of deployments: call it"
                f" {' or '.join(repr(name) for name in COLUMNS[meaning])}"
            )
    if not {*COLUMNS["station"], *COLUMNS["camera"]} & set(columns):
        raise InputError(
            f"'{path}' has no column with the names of deployments or stations: call it"
            " 'deploymentID', 'locationID' or 'Station'"
        )


def _parse(row: _Row, where: str, lenient: LenientCoordinates | None) -> DeploymentRow:
    cells = {name: _known(text) for name, text in row.items()}
    camera, station = _names(cells, where)
    (start, start_has_clock), (end, end_has_clock) = (
        _time(cells, meaning, where) for meaning in ("start", "end")
    )
    start, end = _with_one_zone(start, end)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    last = end.replace(hour=0, minute=0, second=0, microsecond=0) + _LAST
    _check_span(start, end, where)
    return DeploymentRow(
        camera,
        station,
        start,
        end,
        start if start_has_clock else midnight,
        end if end_has_clock else last,
        _degrees(cells, "latitude", where, lenient),
        _degrees(cells, "longitude", where, lenient),
        tuple(_gaps(cells, where)),
        cells,
    )


def _names(row: Mapping[str, str], where: str) -> tuple[str, str]:
    """Return the names of a row's camera and station; each stands in for the other."""
    camera, station = _value(row, "camera"), _value(row, "station")
    if row.get("Station") and row.get("Camera"):  # camtrapR numbers the cameras of each station
        camera = f"{station} {camera}"
    if not camera and not station:
        raise InputError(f"{where} names neither a deployment nor a station")
    return camera or station, station or camera


def _with_one_zone(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return both times with the zone that one of them has."""
    zones = start.tzinfo or end.tzinfo, end.tzinfo or start.tzinfo
    return start.replace(tzinfo=zones[0]), end.replace(tzinfo=zones[1])


def _check_span(start: datetime, end: datetime, where: str) -> None:
    if end < start:
        raise InputError(
            f"{where}: the deployment ends ({end:%Y-%m-%d %H:%M}) before it starts"
            f" ({start:%Y-%m-%d %H:%M}): correct one of them"
        )


def _time(row: Mapping[str, str], meaning: str, where: str) -> tuple[datetime, bool]:
    text = _value(row, meaning)
    moment, has_clock = parse_moment(text)
    if moment is None:
        shown = f"'{text}' is no" if text else "there is no"
        raise InputError(
            f"{where}: {shown} time for the {meaning} of the deployment: write it as 2024-05-31 or"
            " 2024-05-31T14:00:00"
        )
    return moment if has_clock else moment + _NOON, has_clock


def _gaps(row: Mapping[str, str], where: str) -> list[tuple[datetime, datetime]]:
    ends: dict[str, dict[str, str]] = {}
    for name, text in row.items():
        if (found := PROBLEM.fullmatch(name)) and text:
            ends.setdefault(found[1], {})[found[2].lower()] = text
    return [_gap(number, one, where) for number, one in ends.items()]


def _gap(number: str, ends: Mapping[str, str], where: str) -> tuple[datetime, datetime]:
    low, _ = parse_moment(ends.get("from", ""))
    high, high_has_clock = parse_moment(ends.get("to", ""))
    if low is None or high is None:
        raise InputError(f"{where}: problem {number} has no start or no end that is a time")
    high = high if high_has_clock else high + _DAY
    if high.replace(tzinfo=None) < low.replace(tzinfo=None):
        raise InputError(f"{where}: problem {number} ends before it starts: correct one of them")
    return low, high


def _degrees(
    row: Mapping[str, str], meaning: str, where: str, lenient: LenientCoordinates | None
) -> float:
    text, limit = _value(row, meaning), LIMITS[meaning]
    value = lenient.read(text, meaning, where) if lenient else parse_degrees(text, limit)
    if text and value is None and not lenient:
        raise InputError(
            f"{where}: {meaning} must be degrees from -{limit} to {limit}, not '{text}'"
        )
    return float("nan") if value is None else value


def _value(row: Mapping[str, str], meaning: str) -> str:
    return next((row[name] for name in COLUMNS[meaning] if row.get(name)), "")


def _known(text: str | None) -> str:
    stripped = "" if text is None else text.strip()
    return "" if stripped in MISSING else stripped
