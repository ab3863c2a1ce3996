"""Tables of deployments: those of Camtrap DP, camtrapR, Wildlife Insights, and others.

camtrapR's `Problem1_from`, `Problem1_to`, `Problem2_from`, … are times in which a camera did not
work, in a table of any kind. Dates without a time of day mean noon, where they are a start or an
end; of a problem, the first is midnight before it and the last midnight after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ctc.ecology.readers.times import parse_moment
from ctc.ecology.survey import Deployments
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
_PROBLEM = re.compile(r"problem_?(\d+)_(from|to)", re.IGNORECASE)
_NOON, _DAY = timedelta(hours=12), timedelta(days=1)
_EXPECTED = (
    "deploymentID or Station, deploymentStart or Setup_date, and deploymentEnd or Retrieval_date"
)

_Row = dict[str, str]


def read_deployments(path: Path) -> Deployments:
    """Read a CSV table with one row per deployment.

    Raises CtcError, with file and line, for columns that are missing, times that are none, ends
    before starts, and coordinates out of range.
    """
    if not path.is_file():
        raise UsageError(f"deployments '{path}' do not exist: give a CSV table with {_EXPECTED}")
    columns, rows = read_rows(path)
    _check_columns(path, columns)
    found: list[tuple[str, str, datetime, datetime, float, float, datetime, datetime]] = []
    gaps = []
    for line, row in rows:
        where = f"'{path}' line {line}"
        camera, station = _names(row, where)
        start, end = _span(row, where)
        places = _degrees(row, "latitude", 90, where), _degrees(row, "longitude", 180, where)
        gaps += [(len(found), *gap) for gap in _gaps(row, where)]
        found.append((camera, station, start, end, *places, *_photo_span(row, start, end)))
    if not found:
        raise InputError(f"'{path}' has no deployment: give a CSV table with {_EXPECTED}")
    cameras, stations, starts, ends, latitude, longitude, since, until = zip(*found, strict=True)
    return Deployments(
        cameras,
        stations,
        np.array(starts, "datetime64[s]"),
        np.array(ends, "datetime64[s]"),
        np.array(latitude, float),
        np.array(longitude, float),
        tuple(gaps),
        since=np.array(since, "datetime64[s]"),
        until=np.array(until, "datetime64[s]"),
    )


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


def _names(row: _Row, where: str) -> tuple[str, str]:
    """Return the names of a row's camera and station; each stands in for the other."""
    camera, station = _value(row, "camera"), _value(row, "station")
    if row.get("Station") and row.get("Camera"):  # camtrapR numbers the cameras of each station
        camera = f"{station} {camera}"
    if not camera and not station:
        raise InputError(f"{where} names neither a deployment nor a station")
    return camera or station, station or camera


def _span(row: _Row, where: str) -> tuple[datetime, datetime]:
    start, end = _time(row, "start", where), _time(row, "end", where)
    if end < start:
        raise InputError(
            f"{where}: the deployment ends ({end:%Y-%m-%d %H:%M}) before it starts"
            f" ({start:%Y-%m-%d %H:%M}): correct one of them"
        )
    return start, end


def _photo_span(row: _Row, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return between when a deployment may have photos: all of a day without a time of day."""
    midnight = start.replace(hour=0, minute=0, second=0)
    last = end.replace(hour=23, minute=59, second=59)
    has_start, has_end = (_parse(_value(row, one))[1] for one in ("start", "end"))
    return start if has_start else midnight, end if has_end else last


def _time(row: _Row, meaning: str, where: str) -> datetime:
    text = _value(row, meaning)
    moment, has_clock = _parse(text)
    if moment is None:
        shown = f"'{text}' is no" if text else "there is no"
        raise InputError(
            f"{where}: {shown} time for the {meaning} of the deployment: write it as 2024-05-31 or"
            " 2024-05-31T14:00:00"
        )
    return moment if has_clock else moment + _NOON


def _parse(text: str) -> tuple[datetime | None, bool]:
    moment, has_clock = parse_moment(text)
    return (None if moment is None else moment.replace(tzinfo=None)), has_clock


def _gaps(row: _Row, where: str) -> list[tuple[np.datetime64, np.datetime64]]:
    ends: dict[str, dict[str, str]] = {}
    for name, text in row.items():
        if (found := _PROBLEM.fullmatch(name)) and text not in MISSING:
            ends.setdefault(found[1], {})[found[2].lower()] = text
    return [_gap(number, one, where) for number, one in ends.items()]


def _gap(number: str, ends: dict[str, str], where: str) -> tuple[np.datetime64, np.datetime64]:
    low, low_has_clock = _parse(ends.get("from", ""))
    high, high_has_clock = _parse(ends.get("to", ""))
    if low is None or high is None:
        raise InputError(f"{where}: problem {number} has no start or no end that is a time")
    del low_has_clock
    high = high if high_has_clock else high + _DAY
    if high < low:
        raise InputError(f"{where}: problem {number} ends before it starts: correct one of them")
    return np.datetime64(low, "s"), np.datetime64(high, "s")


def _degrees(row: _Row, meaning: str, limit: int, where: str) -> float:
    text = _value(row, meaning)
    if not text:
        return float("nan")
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("inf")
    if not abs(value) <= limit:
        raise InputError(
            f"{where}: {meaning} must be degrees from -{limit} to {limit}, not '{text}'"
        )
    return value


def _value(row: _Row, meaning: str) -> str:
    for name in COLUMNS[meaning]:
        text = row.get(name, "").strip()
        if text not in MISSING:
            return text
    return ""
