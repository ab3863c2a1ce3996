"""CSV with an event id column, one or more image columns and one or more label columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ctc.errors import UsageError, did_you_mean
from ctc.images.photo_paths import normalize_path
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.storage.csv_reader import CsvTable, open_table


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
                Option(
                    "event-id",
                    "Column with the event id.",
                    metavar="COL",
                    required=True,
                ),
                Option(
                    "image",
                    "Column with photos, in time order.",
                    metavar="COL",
                    required=True,
                    multiple=True,
                ),
                Option(
                    "label",
                    "Column with a label; empty cells and -1 are missing.",
                    "text",
                    "COL",
                    True,
                    True,
                ),
                Option("meta", "Additional column to keep.", metavar="COL", multiple=True),
            ),
            example="ctc inventory csv labels.csv --event-id id --image image --label species "
            "--output inventory.parquet",
        )
    ]


def read(source: Path, options: Mapping[str, Any]) -> Iterator[Observation | LeftOut]:
    """Yield the observations of a table.

    Rows that share an id are observations of one event; its images are those of the first row that
    has any, whatever later rows name. `options` holds the column names under `event_id`, `image`,
    `label` and `meta`.
    """
    event_id, images, labels, meta = (
        options[key] for key in ("event_id", "image", "label", "meta")
    )
    if not source.is_file():
        raise UsageError(f"file '{source}' does not exist: give the CSV with the labels")
    table = open_table(source)
    _check_columns(table, (event_id, *images, *labels, *meta))
    id_at, label_at = table.columns[event_id], {label: table.columns[label] for label in labels}
    meta_at = {name: table.columns[name] for name in meta}
    photos = _photos_by_event(table, id_at, [table.columns[image] for image in images])
    for line, cells in table.rows():
        event = cells[id_at]
        classes = {label: class_name(cells[at]) for label, at in label_at.items()}
        reason = _unusable_reason(event, photos, classes)
        if reason:
            yield LeftOut(f"{source.name} line {line}", reason)
        else:
            yield Observation(
                event,
                photos[event],
                classes,
                {name: cells[at] or None for name, at in meta_at.items()},
            )


def class_name(text: str) -> str | None:
    """Return the class in a cell, None where it is missing: empty or "-1", as in version 2.x."""
    name = text.strip()
    return None if name in ("", "-1") else name


def _check_columns(table: CsvTable, required: Sequence[str]) -> None:
    missing = [column for column in required if column not in table.columns]
    if missing:
        named = ", ".join(f"'{column}'" for column in missing)
        known = ", ".join(f"'{name}'" for name in table.columns)
        near = did_you_mean(missing[0], table.columns)
        hint = near if "did you mean" in near else ""
        raise UsageError(
            f"'{table.path}' has no column {named}{hint or ':'} its columns are {known}"
        )


def _photos_by_event(
    table: CsvTable, id_at: int, images_at: Sequence[int]
) -> dict[str, tuple[str, ...]]:
    photos: dict[str, tuple[str, ...]] = {}
    for _, cells in table.rows():
        if cells[id_at] not in photos:
            found = tuple(
                normalize_path(cells[at].strip()) for at in images_at if cells[at].strip()
            )
            if found:
                photos[cells[id_at]] = found
    return photos


def _unusable_reason(
    event: str, photos: Mapping[str, Any], classes: Mapping[str, str | None]
) -> str | None:
    if not event.strip():
        return "no event id"
    if event not in photos:
        return "no image"
    if not any(classes.values()):
        return "no label"
    return None
