"""A CSV: a column with the event's id, one or more with photos, one or more labels."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctc.artifacts.csvfile import read_rows
from ctc.errors import UsageError, did_you_mean
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl


@hookimpl
def ctc_input_formats() -> Iterable[InputFormat]:
    return [
        InputFormat(
            name="csv",
            summary="a table: event id, one or more image columns, one or more label columns",
            source="FILE",
            recognizes=lambda path: path.suffix.lower() in (".csv", ".tsv", ".txt"),
            read=read,
            default_image_root=lambda source, _: source.parent,
            options=(
                Option("event-id", "Column that says which event a row is of.", metavar="COL", required=True),
                Option("image", "Column with photos, in time order.", metavar="COL", required=True, multiple=True),
                Option("label", "Column with a label; empty cells are missing.", "text", "COL", True, True),
                Option("meta", "Further column to keep.", metavar="COL", multiple=True),
            ),
            example="ctc inventory csv labels.csv --event-id id --image image --label species --output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Rows that share an id are observations of one event; its images are those of the first row that has any."""
    event_id, images, labels, meta = (options[key] for key in ("event_id", "image", "label", "meta"))
    if not source.is_file():
        raise UsageError(f"file '{source}' is not there: name the CSV with the labels")
    _check_columns(source, (event_id, *images, *labels, *meta))
    photos = _photos_by_event(source, event_id, images)
    for line, row in read_rows(source)[1]:
        reason = _unusable(row, event_id, labels, photos)
        if reason:
            yield LeftOut(f"{source.name} line {line}", reason)
        else:
            yield Observation(
                row[event_id],
                photos[row[event_id]],
                {label: row[label].strip() or None for label in labels},
                {column: row[column] or None for column in meta},
            )


def _check_columns(source: Path, wanted: Sequence[str]) -> None:
    header, _ = read_rows(source)
    for column in wanted:
        if column not in header:
            known = ", ".join(f"'{name}'" for name in header)
            near = did_you_mean(column, header)
            hint = near if "did you mean" in near else ""
            raise UsageError(f"'{source}' has no column '{column}'{hint or ':'} its columns are {known}")


def _photos_by_event(source: Path, event_id: str, images: Sequence[str]) -> dict[str, tuple[str, ...]]:
    photos: dict[str, tuple[str, ...]] = {}
    for _, row in read_rows(source)[1]:
        if row[event_id] not in photos:
            found = tuple(_plain(row[column]) for column in images if row[column].strip())
            if found:
                photos[row[event_id]] = found
    return photos


def _plain(path: str) -> str:
    return posixpath.normpath(path.strip().replace("\\", "/"))


def _unusable(row: Mapping[str, str], event_id: str, labels: Sequence[str], photos: Mapping[str, Any]) -> str | None:
    if not row[event_id].strip():
        return "no event id"
    if row[event_id] not in photos:
        return "no image"
    if not any(row[label].strip() for label in labels):
        return "no label"
    return None
