"""CSV with one or more image columns, one or more label columns, and maybe an event id column."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.errors import UsageError
from ctc.images.listing.photo_table import (
    PhotoRow,
    PhotoTable,
    TableColumns,
    open_photo_table,
    present,
)
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.reporting import counted
from ctc.storage.csv_reader import MISSING

OPTIONS = (
    Option(
        "event-id",
        "Column with the event id.  [default: each row is an event, named after its first photo]",
        metavar="COL",
    ),
    Option("image", "Column with photos, in time order.", "text", "COL", True, True),
    Option("image-folder", "Column with the folder that a row's photos are in.", metavar="COL"),
    Option("label", "Column with a label.", "text", "COL", True, True),
    Option(
        "label-separator",
        "Text between several classes in a cell; each is an observation of its own.",
        metavar="TEXT",
    ),
    Option(
        "missing",
        "Cell of a label that means missing, beside empty cells.  "
        "[default: -1, NA, N/A, NaN, NULL, None, -, ? and .]",
        metavar="TEXT",
        multiple=True,
    ),
    Option("meta", "Additional column to keep.", metavar="COL", multiple=True),
    Option(
        "where",
        "Read only the rows with this value in this column.",
        metavar="COL=VALUE",
        multiple=True,
    ),
    Option(
        "no-header",
        "The table has no header: its columns are called 1, 2, ….",
        "flag",
        default=False,
    ),
)

log = logging.getLogger("ctc.formats.csv")


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="csv",
            summary="a table with columns for photos, labels and, optionally, events",
            source="FILE",
            recognizes=lambda path: path.suffix.lower() in (".csv", ".tsv", ".txt"),
            read=read,
            default_image_root=lambda source, _: source.parent,
            options=OPTIONS,
            columns_option="meta",
            example="ctc inventory csv labels.csv --event-id id --image image --label species "
            "--output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of a table.

    Rows that share an id are observations of one event. A row without a photo gets those of the
    first row of its event that has any. `options`: values of OPTIONS by key; `event_id`, `image`,
    `label` and `meta` are required.
    """
    if not source.is_file():
        raise UsageError(f"file '{source}' does not exist: give the CSV with the labels")
    labels = _LabelReader.from_options(options)
    table = _open_table(source, options)
    if options.get("no_header"):
        log.info(
            "without a header, the %s called %s: to have %s, put a first row with the names of all "
            "columns into the table",
            "label is" if len(options["label"]) == 1 else "labels are",
            ", ".join(f"'{name}'" for name in options["label"]),
            "another name" if len(options["label"]) == 1 else "other names",
        )
    columns = table.table.columns
    label_at = {label: columns[label] for label in options["label"]}
    meta_at = {name: columns[name] for name in options["meta"] if name not in label_at}
    photos = _photos_by_event(table)
    for row in table.rows():
        where = f"{source.name} line {row.line}"
        if reason := _unusable_reason(row, photos):
            yield LeftOut(where, reason)
            continue
        meta = {name: present(row.cells[at]) or None for name, at in meta_at.items()}
        cells = {label: row.cells[at] for label, at in label_at.items()}
        observed = list(labels.read(cells))
        if not observed:
            yield LeftOut(where, "no label")
        for classes in observed:
            yield Observation(row.event_id, row.images or photos[row.event_id], classes, meta)
    labels.log_missing()


def class_name(text: str) -> str | None:
    """Return the class in a cell, None where it is missing: empty or "-1", as in version 2.x."""
    name = text.strip()
    return None if name in ("", "-1") else name


@dataclass
class _LabelReader:
    """Reads the classes in the label cells of a row.

    `missing`: the texts that are no class. `counts`: how often each was read, per label, but for
    empty cells and -1.
    """

    missing: frozenset[str]
    separator: str | None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> _LabelReader:
        missing = options.get("missing") or (*MISSING, "-1")
        return cls(frozenset(("", *missing)), options.get("label_separator") or None)

    def read(self, cells: Mapping[str, str]) -> Iterator[dict[str, str | None]]:
        """Yield the observations of a row: several if a cell has several classes.

        A label with one class has it in all of them; where labels have different numbers of
        classes, those that end early are missing.
        """
        classes = {label: self._classes(label, cell) for label, cell in cells.items()}
        for number in range(max(map(len, classes.values()))):
            observed = {
                label: names[0]
                if len(names) == 1
                else names[number]
                if number < len(names)
                else None
                for label, names in classes.items()
            }
            if any(observed.values()):
                yield observed

    def _classes(self, label: str, cell: str) -> list[str | None]:
        parts = [cell] if self.separator is None else cell.split(self.separator)
        return [self._class(label, part.strip()) for part in parts]

    def _class(self, label: str, name: str) -> str | None:
        if name not in self.missing:
            return name
        if name not in ("", "-1"):
            self.counts[label, name] += 1
        return None

    def log_missing(self) -> None:
        for (label, name), count in sorted(self.counts.items()):
            log.info(
                "%s '%s' of label '%s' read as missing; to have it as a class, list the missing "
                "ones with --missing",
                counted(count, "cell"),
                name,
                label,
            )


def _open_table(source: Path, options: Mapping[str, Any]) -> PhotoTable:
    columns = TableColumns(
        options["event_id"],
        tuple(options["image"]),
        options.get("image_folder"),
        tuple(options.get("where") or ()),
        has_header=not options.get("no_header"),
    )
    return open_photo_table(source, columns, (*options["label"], *options["meta"]))


def _photos_by_event(table: PhotoTable) -> dict[str, tuple[str, ...]]:
    """Return the photos of the first row of each event that has any."""
    photos: dict[str, tuple[str, ...]] = {}
    for row in table.rows():
        if row.images and row.event_id:
            photos.setdefault(row.event_id, row.images)
    return photos


def _unusable_reason(row: PhotoRow, photos: Mapping[str, Any]) -> str | None:
    if not row.event_id:
        return "no event id" if row.images else "no image"
    return None if row.event_id in photos else "no image"
