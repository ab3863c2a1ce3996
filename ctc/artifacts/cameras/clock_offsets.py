"""Clock offsets: by how much the clocks of cameras are wrong, a CSV for `--clock-offset`.

    deployment   a location, the folder of a camera or a deploymentID; `*`: all others
    seconds      to add to the time of the camera; or in its place
    shown, true  a time that the camera shows, and what time it is then
    from, to     only photos with camera times from … to …, both included; may be left out
    from_file    only photos whose files a camera numbered from … on, such as 100RECNX/RCNX0031.JPG,
    before_file  and up to the one before …; may be left out, and are of a single camera

Other columns, such as comments, may be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

from ctc.errors import InputError, UsageError
from ctc.storage.csv_reader import MISSING, read_rows

ALL = "*"
DATETIME_ORIGINAL = "datetime_original"
"""Column with the times of cameras' own clocks, beside corrected ones in `datetime`."""
CLOCK_SHOWED = "the camera's clock showed "
"""What `mediaComments` of a Camtrap DP package say before the time that was corrected."""
MAX_SECONDS = 100 * 366 * 86_400
_NAMES = ("deployment", "deploymentID", "location")
_COLUMNS = "deployment, and seconds or shown and true"
_TIME = re.compile(
    r"(\d{4})[-/:.](\d\d?)[-/:.](\d\d?)(?:[ T](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?)?"
)
_DIGITS = re.compile(r"\d+")
_CARD = re.compile(r"(?:^|/)([1-9]\d\d)[A-Za-z0-9_]{5}$")
"""A folder of the DCF standard (CIPA DC-009)."""
_TIME_HINT = "write it as 2024-05-31 14:00:00"


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """`seconds` to add to times of the camera's clock from `start` to `end`; None: no limit.

    `from_file`, `before_file`: only to photos with file numbers from … to before …; '': no limit.
    """

    deployment: str
    seconds: float
    start: datetime | None = None
    end: datetime | None = None
    from_file: str = ""
    before_file: str = ""

    @property
    def names_files(self) -> bool:
        """Whether it is for some files alone."""
        return bool(self.from_file or self.before_file)

    def covers(self, taken: datetime, photo: str = "") -> bool:
        """Return whether the offset is for a photo, by its time of the camera's clock, without
        zone, and its path."""
        in_time = (self.start is None or self.start <= taken) and (
            self.end is None or taken <= self.end
        )
        return in_time and (not self.names_files or self._is_between(photo))

    def _is_between(self, photo: str) -> bool:
        first, end = file_number(self.from_file), file_number(self.before_file)
        own = file_number(photo)
        if own is None:
            return False
        return (first is None or _reaches(own, first)) and (end is None or not _reaches(own, end))


@dataclass(frozen=True)
class ClockOffsets:
    """The rows of a file; `name`: of the file, for messages."""

    rows: tuple[ClockOffset, ...]
    name: str

    @cached_property
    def by_deployment(self) -> Mapping[str, tuple[ClockOffset, ...]]:
        """The rows of each deployment, those of some files first."""
        found: dict[str, tuple[ClockOffset, ...]] = {}
        for row in sorted(self.rows, key=lambda one: not one.names_files):
            found[row.deployment] = (*found.get(row.deployment, ()), row)
        return found

    @property
    def digest(self) -> str:
        """Two files with the same one say the same."""
        return blake2b(repr(self.rows).encode(errors="surrogateescape"), digest_size=8).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return the offsets as JSON."""
        rows = [
            [
                one.deployment,
                one.seconds,
                *(end and end.isoformat() for end in (one.start, one.end)),
                one.from_file,
                one.before_file,
            ]
            for one in self.rows
        ]
        return {"name": self.name, "rows": rows}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ClockOffsets:
        """Return what `to_json` returned."""
        rows = (
            ClockOffset(name, seconds, _parse_limit(start), _parse_limit(end), *files)
            for name, seconds, start, end, *files in value["rows"]
        )
        return cls(tuple(rows), value["name"])

    @classmethod
    def read(cls, path: Path) -> ClockOffsets:
        """Read a file.

        Raises CtcError, with file and line, for columns that are missing, names, times and numbers
        that are none, and rows of one deployment that overlap.
        """
        if not path.is_file():
            raise UsageError(
                f"clock offsets '{path}' do not exist: give a CSV with the columns {_COLUMNS}"
            )
        columns, rows = read_rows(path)
        name = next((one for one in _NAMES if one in columns), None)
        if name is None or not ({"seconds"} <= {*columns} or {"shown", "true"} <= {*columns}):
            raise InputError(
                f"'{path}' lacks columns: clock offsets have {_COLUMNS}; from and to if a clock"
                " was wrong for a time only"
            )
        numbered = [(line, _parse_row(row, name, f"'{path}' line {line}")) for line, row in rows]
        if not numbered:
            raise InputError(f"'{path}' has no row: give a row for each clock that is wrong")
        _check_overlaps(path, numbered)
        return cls(tuple(one for _, one in numbered), path.name)


def _parse_limit(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@cache
def file_number(path: str) -> tuple[int | None, int] | None:
    """Return the numbers of a camera's folder and of a file in it; None for a name without one.

    `DCIM/100RECNX/RCNX0031.JPG` is (100, 31); without a folder that is numbered, it is (None, 31).
    """
    folder, _, name = path.replace("\\", "/").rpartition("/")
    digits = _DIGITS.findall(name.rpartition(".")[0] or name)
    card = _CARD.search(folder)
    return (int(card[1]) if card else None, int(digits[-1])) if digits else None


def _reaches(own: tuple[int | None, int], limit: tuple[int | None, int]) -> bool:
    """Return whether a file comes at or after another; folders count where both are known."""
    if own[0] is None or limit[0] is None:
        return own[1] >= limit[1]
    return (own[0], own[1]) >= (limit[0], limit[1])


def folder_names(folder: str) -> Iterable[str]:
    """Yield the names by which rows may mean a camera's folder: the ends of its path, longest
    first."""
    parts = [part for part in folder.replace("\\", "/").split("/") if part]
    return ("/".join(parts[start:]) for start in range(len(parts)))


def parse_clock_time(text: str) -> tuple[datetime | None, bool]:
    """Return a time without zone, year first, None for anything else; and if it has an hour."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None, False
    *numbers, fraction = found.groups()
    year, month, day, hour, minute, second = (int(one or 0) for one in numbers)
    microsecond = int((fraction or "0").ljust(6, "0"))
    try:
        time = datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:  # a month 13, an hour 24
        return None, False
    return time, found[4] is not None


def _parse_row(row: Mapping[str, str], name: str, where: str) -> ClockOffset:
    deployment = row[name].strip().replace("\\", "/").rstrip("/") or row[name].strip()
    if deployment in MISSING - {"."}:
        raise InputError(f"{where} names no deployment: write '{ALL}' for all others")
    start, end = _limit(row, "from", where), _limit(row, "to", where)
    if start and end and end < start:
        raise InputError(f"{where}: 'to' is before 'from': correct one of them")
    files = _file(row, "from_file", where), _file(row, "before_file", where)
    return ClockOffset(deployment, _seconds(row, where), start, end, *files)


def _file(row: Mapping[str, str], name: str, where: str) -> str:
    text = _cell(row, name)
    if text and file_number(text) is None:
        raise InputError(f"{where}: '{text}' in '{name}' has no number: name it as the camera did")
    return text


def _seconds(row: Mapping[str, str], where: str) -> float:
    text, shown, true = (_cell(row, name) for name in ("seconds", "shown", "true"))
    if bool(text) == bool(shown or true):
        raise InputError(f"{where}: give either seconds, or shown and true")
    seconds = _number(text, where) if text else _difference(shown, true, where)
    if not abs(seconds) <= MAX_SECONDS:
        raise InputError(f"{where}: the offset is more than 100 years: correct it")
    return seconds


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            f"{where}: '{text}' is no number of seconds: write it as -3600 or 1800.5"
        ) from None


def _difference(shown: str, true: str, where: str) -> float:
    times = []
    for name, text in (("shown", shown), ("true", true)):
        time, has_clock = parse_clock_time(text)
        if time is None or not has_clock:
            what = f"'{text}' is no date and time" if text else "there is no time"
            raise InputError(f"{where}: {what} in '{name}': {_TIME_HINT}")
        times.append(time)
    return (times[1] - times[0]).total_seconds()


def _limit(row: Mapping[str, str], name: str, where: str) -> datetime | None:
    """Return a limit; that of a date alone is its first or its last moment."""
    text = _cell(row, name)
    if not text:
        return None
    time, has_clock = parse_clock_time(text)
    if time is None:
        raise InputError(f"{where}: '{text}' in '{name}' is no time: {_TIME_HINT}")
    if name == "to":  # a second, or a day, to its end
        length = timedelta(seconds=1) if has_clock else timedelta(days=1)
        return time + length - timedelta(microseconds=1) if not time.microsecond else time
    return time


def _cell(row: Mapping[str, str], name: str) -> str:
    text = row.get(name, "").strip()
    return "" if text in MISSING else text


def _check_overlaps(path: Path, rows: Sequence[tuple[int, ClockOffset]]) -> None:
    lowest, highest = datetime.min, datetime.max
    ordered = sorted(rows, key=lambda one: (one[1].deployment, one[1].start or lowest))
    for (line, one), (next_line, other) in pairwise(ordered):
        same = one.deployment == other.deployment and not (one.names_files or other.names_files)
        if same and (other.start or lowest) <= (one.end or highest):
            raise InputError(
                f"'{path}' lines {min(line, next_line)} and {max(line, next_line)}: both are for"
                f" times of '{one.deployment}': limit them with 'from' and 'to'"
            )
