"""CSV with one or more image columns, one or more label columns, and maybe an event id column."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
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

from . import label_cells
from .label_cells import LabelReader

META = Option("meta", "Additional column to keep.", metavar="COL", multiple=True)
WHERE = Option(
    "where",
    "Read only the rows with this value in this column.",
    metavar="COL=VALUE",
    multiple=True,
)
OPTIONS = (
    Option(
        "event-id",
        "Column with the event id.  [default: each row is an event, named after its first photo]",
        metavar="COL",
    ),
    Option("image", "Column with photos, in time order.", "text", "COL", True, True),
    Option("image-folder", "Column with the folder that a row's photos are in.", metavar="COL"),
    Option("label", "Column with a label.", "text", "COL", True, True),
    *label_cells.OPTIONS,
    META,
    WHERE,
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
            is_general=True,
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
    separators = dict.fromkeys(options["label"], options.get("label_separator"))
    labels = LabelReader.from_options(options.get("missing"), separators, log)
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
