"""Rows of a Timelapse table, as observations."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.errors import InputError
from ctc.images.clips.names import is_clip_path
from ctc.images.files import is_image_name
from ctc.images.listing.photo_paths import normalize_path
from ctc.images.listing.photo_table import (
    PhotoRow,
    PhotoTable,
    RowTable,
    TableColumns,
    check_columns,
    present,
)
from ctc.plugin import LeftOut, Observation
from ctc.reporting import counted
from ctc.storage.csv_reader import open_table

from ..individuals import read_count
from ..label_cells import LabelReader
from .database import SUFFIX, open_database
from .episodes import EpisodeReader
from .fields import (
    COUNT,
    DATE,
    DATE_TIME,
    DELETED,
    FILE,
    FOLDER,
    SPECIES,
    TIME,
    choose_labels,
    episode_field,
    multi_choices,
    read_counter,
)
from .times import parse_time

LOCATION, DATETIME = "location", "datetime"

log = logging.getLogger("ctc.formats.timelapse")


@dataclass
class RowReader:
    """Reads rows; `labels`: label → column; `bad_times`, `bad_counts`: unread times, and counts
    that are none, with how often."""

    table: PhotoTable
    options: Mapping[str, Any]
    labels: Mapping[str, str]
    cells: LabelReader
    where: str
    episodes: EpisodeReader = field(default_factory=EpisodeReader)
    bad_times: Counter[str] = field(default_factory=Counter)
    bad_counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def open(cls, source: Path, options: Mapping[str, Any]) -> RowReader:
        """Open the table and choose its fields; raises CtcError if that can't be done."""
        is_csv = source.suffix.lower() != SUFFIX
        table: RowTable = open_table(source) if is_csv else open_database(source)
        named = (options["event_id"], options["location"], *options["meta"])
        check_columns(table, (FILE, FOLDER, *filter(None, named)))
        labels = choose_labels(table, options["label"], options["counter"])
        _tell_choice(table, options, labels)
        separator = options["label_separator"]
        separators = dict.fromkeys(labels, separator) if separator else multi_choices(table, labels)
        columns = TableColumns(None, (FILE,), FOLDER, tuple(options["where"] or ()))
        cells = LabelReader.from_options(options["missing"], separators, log)
        where = f"{source.name} {'line' if is_csv else 'row'}"
        return cls(PhotoTable(table, columns), options, labels, cells, where)

    def read(self, row: PhotoRow) -> Iterator[Observation | LeftOut]:
        """Yield the observations of a row, or why there is none."""
        where = f"{self.where} {row.line}"
        folder = normalize_path(self._cell(row, FOLDER).strip()) if self._cell(row, FOLDER) else ""
        photo = "".join(row.images)
        episode = self._cell(row, self.options["event_id"])
        event_id = self.episodes.event_id(folder, episode, photo)
        if reason := self._unusable_reason(row, photo):
            yield LeftOut(where, reason)
            return
        observed = self._observed(row)
        if not observed:
            yield LeftOut(where, "no label")
            return
        meta = {name: present(self._cell(row, name)) or None for name in self.options["meta"]}
        own = {LOCATION: self._location(row, folder), DATETIME: self._time(row)}
        for classes in observed:
            yield Observation(event_id, row.images, classes, {**meta, **own})

    def _cell(self, row: PhotoRow, name: str | None) -> str:
        at = None if name is None else self.table.table.columns.get(name)
        return "" if at is None else row.cells[at]

    def _unusable_reason(self, row: PhotoRow, photo: str) -> str | None:
        if not (is_image_name(photo.rpartition("/")[2]) or is_clip_path(photo)):
            return "its File is not the name of a photo or clip"
        deleted = self._cell(row, DELETED).strip().casefold()
        if deleted not in ("true", "false", ""):
            return "its DeleteFlag is neither true nor false: the cells of the row are shifted"
        if deleted == "true" and not self.options["with_deleted"]:
            return "marked for deletion: --with-deleted reads it"
        return None

    def _observed(self, row: PhotoRow) -> list[dict[str, str | None]]:
        cells = {label: self._cell(row, name) for label, name in self.labels.items()}
        if COUNT in cells:
            cells[COUNT] = self._count(cells[COUNT]) or ""
        observed = list(self.cells.read(cells))
        if not self.options["counter"]:
            return observed
        seen: list[dict[str, str | None]] = [*self._counted(row)]
        seen = seen or [dict.fromkeys((SPECIES, COUNT))]
        merged = [{**one, **other} for one in seen for other in observed or [{}]]
        missing = dict.fromkeys(self.labels)
        return [{**missing, **one} for one in merged if any(one.values())]

    def _counted(self, row: PhotoRow) -> Iterator[dict[str, str | None]]:
        for name in self.options["counter"]:
            cell = self._cell(row, name)
            try:
                is_there, count = read_counter(cell)
            except ValueError:
                raise InputError(
                    f"{self.where} {row.line}: '{name}' is neither a counter nor a flag, since it "
                    f"has '{cell}': read it with --label"
                ) from None
            if is_there:
                yield {SPECIES: name, COUNT: count and self._count(count)}

    def _count(self, cell: str) -> str | None:
        """Return a count, None for none and for 0, which is Timelapse's default."""
        text = cell.strip()
        if text in self.cells.missing:
            return text
        found = read_count(text)
        if found is None:
            self.bad_counts[text] += 1
        return None if found == "0" else found

    def _location(self, row: PhotoRow, folder: str) -> str | None:
        if name := self.options["location"]:
            return present(self._cell(row, name)) or None
        return camera_folder(folder) or "."

    def _time(self, row: PhotoRow) -> str | None:
        text = self._cell(row, DATE_TIME) or f"{self._cell(row, DATE)} {self._cell(row, TIME)}"
        if not text.strip():
            return None
        found = parse_time(text)
        is_read_again = not {DATE_TIME, DATE}.isdisjoint(self.options["meta"])  # by --time-from
        if found is None and not is_read_again:
            self.bad_times[text.strip()] += 1
        return found

    def log_notes(self) -> None:
        """Tell which cells were missing labels, and which times could not be read."""
        self.cells.log_missing()
        if self.bad_counts:
            log.warning(
                "%s that %s no number of individuals (first: '%s'): read as missing",
                counted(self.bad_counts.total(), "count"),
                "is" if self.bad_counts.total() == 1 else "are",
                next(iter(self.bad_counts)),
            )
        if self.bad_times:
            column = DATE_TIME if DATE_TIME in self.table.table.columns else DATE
            log.warning(
                "%s without a time, since it is not written as Timelapse does (first: '%s'): was "
                "the table saved by another program? --time-from %s reads other ways",
                counted(self.bad_times.total(), "row"),
                next(iter(self.bad_times)),
                column if column == DATE_TIME else f"{DATE} --time-from {TIME}",
            )


def _tell_choice(table: RowTable, options: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Tell which labels were chosen, and that there are episodes that are not used."""
    if not options["label"] and not options["counter"]:
        fields = " and ".join(f"'{name}'" for name in labels.values())
        log.info("the labels are those of %s", fields)
    if options["event_id"] is None and (name := episode_field(table)):
        log.info("'%s' has Timelapse's episodes: with --event-id '%s' they are events", name, name)
