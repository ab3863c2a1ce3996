"""Correct the times of cameras whose clocks were wrong, and add the zone of the clocks.

The rows of a `ClockOffsets` that are for a photo are those of its deployment or location, as its
table names them; else of its camera's folder, by the longest end of the path that rows name; else
of `*`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.cameras.clock_offsets import (
    ALL,
    ClockOffset,
    ClockOffsets,
    folder_names,
    parse_clock_time,
)
from ctc.errors import did_you_mean
from ctc.images.clips.names import file_of
from ctc.images.metadata.time_zone import Clock, parse_time
from ctc.reporting import counted

CAMERA_COLUMNS = ("deploymentID", "deployment", "location", "locationID", "station")
"""Columns of tables whose values rows may name, the first first."""
_SHOWN = 5


def camera_names(meta: Mapping[str, object], columns: Sequence[str] = CAMERA_COLUMNS) -> list[str]:
    """Return the names of a row's deployment and location, as texts."""
    return [str(value) for name in columns if (value := meta.get(name)) is not None]


@dataclass
class ClockCorrection:
    """Corrects one time after the other; the counts are of what it met.

    `offsets`, `clock`: None to leave times as they are, or without a zone. `corrected`: photos, or
    events of which no photo is known, one after the other. `unread`: times that are
    none, and the first of them. `zoned`: times that had a zone, and keep it. `beyond`: times that
    would come before the year 1 or after 9999, and stay.
    """

    offsets: ClockOffsets | None = None
    clock: Clock | None = None
    corrected: int = 0
    unread: int = 0
    first_unread: str = ""
    zoned: int = 0
    beyond: int = 0
    _first_beyond: str = ""
    _met: set[str] = field(default_factory=set)
    _used: set[ClockOffset] = field(default_factory=set)
    _last: str = ""
    _folders: dict[str, set[str]] = field(default_factory=dict)
    _rows: dict[tuple[tuple[str, ...], str], tuple[ClockOffset, ...]] = field(default_factory=dict)

    def correct(self, text: str, names: Sequence[str], photo: str) -> str:
        """Return the right time as ISO 8601, with the clock's zone if there is one.

        `names`: of the photo's deployment and location. `photo`: its path. A text that is no time
        with an hour comes back as it is.
        """
        time = _parse(text)
        if time is None:
            self._count_unread(text)
            return text
        shifted = self.shift(time, names, photo)
        if shifted is None:
            self.beyond += 1
            self._first_beyond = self._first_beyond or text
            return text
        if self.clock and self.clock.zone:
            self.zoned += shifted.tzinfo is not None
            shifted = shifted if shifted.tzinfo else self.clock.with_offset(shifted)
        return text if shifted is time else shifted.isoformat()

    def shift(self, time: datetime, names: Sequence[str], photo: str) -> datetime | None:
        """Return the corrected time; None beyond the years that there are."""
        shown = time.replace(tzinfo=None)
        file = file_of(photo)
        row = next((one for one in self.rows_of(names, photo) if one.covers(shown, file)), None)
        if row is None:
            return time
        self._used.add(row)
        if not row.seconds:
            return time
        try:
            found = time + timedelta(seconds=row.seconds)
        except OverflowError:
            return None
        self.corrected += not photo or photo != self._last  # events have the time of a photo
        self._last = photo
        return found

    def rows_of(self, names: Sequence[str], photo: str) -> tuple[ClockOffset, ...]:
        """Return the rows for a photo, of which the first that covers it counts."""
        if self.offsets is None:
            return ()
        key = tuple(names), camera_folder(file_of(photo).replace("\\", "/").rpartition("/")[0])
        if key not in self._rows:
            self._rows[key] = self._find(*key)
        return self._rows[key]

    def _find(self, names: Sequence[str], folder: str) -> tuple[ClockOffset, ...]:
        assert self.offsets is not None
        known = self.offsets.by_deployment
        for name in names:
            if (own := name.strip().rstrip("/")) in known:
                self._met.add(own)
                return known[own]
        for name in folder_names(folder):
            if name in known:
                self._met.add(name)
                self._folders.setdefault(name, set()).add(folder)
                return known[name]
        self._met |= {ALL} & known.keys()
        return known.get(ALL, ())

    def unknown(self) -> tuple[str, ...]:
        """Return the deployments of rows that no photo was of."""
        known = () if self.offsets is None else self.offsets.by_deployment
        return tuple(name for name in known if name not in self._met)

    def notes(self) -> Iterator[str]:
        """Yield lines for the user, when all times have been corrected."""
        yield from self.deployment_notes()
        yield from self.time_notes()

    def deployment_notes(self) -> Iterator[str]:
        """Yield lines on rows that are for no photo, or for photos of several folders."""
        if self.offsets is not None and (unknown := self.unknown()):
            yield self._describe_unknown(unknown, self.offsets)
        for name, folders in self._folders.items():
            if len(folders) > 1:
                listed = ", ".join(f"'{one}'" for one in sorted(folders)[:_SHOWN])
                yield f"--clock-offset: '{name}' is taken for {len(folders)} folders: {listed}"

    @property
    def summary(self) -> str:
        """How many photos were corrected, '' without offsets."""
        if self.offsets is None:
            return ""
        return f"corrected the time of {counted(self.corrected, 'photo')} by '{self.offsets.name}'"

    def time_notes(self) -> Iterator[str]:
        """Yield lines on times that could not be corrected, or are unclear, and on rows that are
        for no time of their deployment."""
        if self.offsets is not None:
            rows = [one for one in self.offsets.rows if one.deployment in self._met - {ALL}]
            yield from describe_unused(self.offsets, [one for one in rows if one not in self._used])
        if self.unread:
            what = counted(self.unread, "time is", "times are")
            yield (
                f"{what} not corrected: no ISO 8601 date and time, such as '{self.first_unread}'"
            )
        if self.beyond:
            yield (
                f"{counted(self.beyond, 'time is', 'times are')} not corrected, such as"
                f" '{self._first_beyond}': no year is before 1 or after 9999"
            )
        if self.zoned:
            yield f"{counted(self.zoned, 'time')} with a zone already, which is kept"
        yield from self.clock.notes() if self.clock else ()

    def _describe_unknown(self, unknown: Sequence[str], offsets: ClockOffsets) -> str:
        listed = ", ".join(f"'{name}'" for name in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        near = did_you_mean(unknown[0], self._seen_names()) if len(unknown) == 1 else ""
        what = counted(len(unknown), "deployment")
        return f"{what} of '{offsets.name}' without a photo here: {listed}{more}{near}"

    def _seen_names(self) -> set[str]:
        """Return the names by which rows could have meant a photo."""
        return {
            one
            for names, folder in self._rows
            for one in (*names, folder.rpartition("/")[2])
            if one
        }

    def _count_unread(self, text: str) -> None:
        self.unread += 1
        self.first_unread = self.first_unread or text


def describe_unused(offsets: ClockOffsets, rows: Sequence[ClockOffset]) -> Iterator[str]:
    """Yield a line on rows that were for no time of their deployment, if there are any."""
    if rows:
        listed = ", ".join(map(_describe_row, rows[:_SHOWN]))
        more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
        what = counted(len(rows), "row is", "rows are")
        yield f"{what} for no time here: {listed}{more}: correct from and to in '{offsets.name}'"


def _describe_row(row: ClockOffset) -> str:
    """Return "'cam1' from 2000-01-01 to 2000-12-31"."""
    limits = [
        ("from", row.start and str(row.start.replace(microsecond=0))),
        ("to", row.end and str(row.end.replace(microsecond=0))),
        ("from_file", row.from_file),
        ("before_file", row.before_file),
    ]
    return " ".join([f"'{row.deployment}'", *(f"{name} {one}" for name, one in limits if one)])


def _parse(text: str) -> datetime | None:
    time = parse_time(text)
    if time is not None:
        return time
    found, has_clock = parse_clock_time(text)
    return found if has_clock else None
