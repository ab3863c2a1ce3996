"""Boxes as a table: a row per box, and one without a box for each photo that has none.

column                                   content
id, path                                 of the event and of the photo
category, type, confidence               of the box; type: Camtrap DP's observation type
x, y, width, height                      left, top and size, fractions of the photo
datetime, camera, latitude, longitude    of the photo (EXIF)
repeat                                   with `--repeats` only: "true" for a box that is set aside
…                                        the meta columns of the source, in their order

A photo without a box that counts has a row with the type blank, and nothing in the columns of the
box.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ctc.artifacts.detections import EventDetections
from ctc.artifacts.predictions import Failure
from ctc.artifacts.repeats import REPEATS
from ctc.errors import require_extra
from ctc.plugin import OutputContext
from ctc.storage.csv_writer import open_rows

TEXT, NUMBER = "text", "number"
COLUMNS = {
    "id": TEXT,
    "path": TEXT,
    "category": TEXT,
    "type": TEXT,
    "confidence": NUMBER,
    "x": NUMBER,
    "y": NUMBER,
    "width": NUMBER,
    "height": NUMBER,
    "datetime": TEXT,
    "camera": TEXT,
    "latitude": NUMBER,
    "longitude": NUMBER,
}
REPEAT = "repeat"
_ROWS_PER_GROUP = 20_000
_NUMBERS = 5
"""Decimals of the numbers of a box in a CSV file."""


def write_csv(entries: Iterator[Any], path: Path, context: OutputContext) -> None:
    """Write the rows as CSV."""
    meta, rows = _rows(entries, context)
    with open_rows(path) as writer:
        writer.writerow([*COLUMNS, *meta])
        writer.writerows([_cell(value) for value in row] for row in rows)


def write(entries: Iterator[Any], path: Path, context: OutputContext) -> None:
    """Write the rows as Parquet; raises MissingExtraError without pyarrow."""
    require_extra("writing Parquet", "data", ["pyarrow"])
    import pyarrow as pa
    import pyarrow.parquet as pq

    meta, rows = _rows(entries, context)
    types = {TEXT: pa.string(), NUMBER: pa.float64()}
    fields = [(name, types[kind]) for name, kind in COLUMNS.items()]
    schema = pa.schema([*fields, *((name, pa.string()) for name in meta)])
    notes = {"detector": context.model, "detector_sha": context.model_digest}
    with pq.ParquetWriter(path, schema.with_metadata(notes), compression="zstd") as writer:
        while chunk := list(islice(rows, _ROWS_PER_GROUP)):
            columns = zip(*chunk, strict=True)
            arrays = [
                pa.array([_typed(cell, kind) for cell in cells], kind)
                for cells, kind in zip(columns, schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _rows(
    entries: Iterator[EventDetections | Failure], context: OutputContext
) -> tuple[list[str], Iterator[list[Any]]]:
    """Return the names of the further columns, REPEAT and the meta columns of the first event, and
    the rows."""
    events = (entry for entry in entries if isinstance(entry, EventDetections))
    first = next(events, None)
    names = [name for name in (first.meta if first else {}) if name not in COLUMNS]
    has_repeats = REPEATS in context.settings
    names = [name for name in names if not (has_repeats and name == REPEAT)]
    rows = _table(chain([first] if first else [], events), names, has_repeats)
    return [*[REPEAT] * has_repeats, *names], rows


def _table(
    events: Iterator[EventDetections], names: list[str], has_repeats: bool
) -> Iterator[list[Any]]:
    for event in events:
        for photo in event.images:
            start = [event.id, photo.path]
            exif = [photo.taken, photo.camera, photo.latitude, photo.longitude]
            meta = [(photo.meta or event.meta).get(name) for name in names]
            for one in photo.detections:
                box = one.box
                sides = [box.x, box.y, box.width, box.height]
                mark = ["true" if one.is_repeat else None] * has_repeats
                yield [*start, one.category, one.type, box.confidence, *sides, *exif, *mark, *meta]
            if all(one.is_repeat for one in photo.detections):
                mark = [None] * has_repeats
                yield [*start, None, "blank", None, *[None] * 4, *exif, *mark, *meta]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.{_NUMBERS}f}" if isinstance(value, float) else str(value)


def _typed(value: Any, kind: Any) -> Any:
    import pyarrow as pa

    if value is None or kind == pa.float64():
        return value
    return str(value).encode(errors="backslashreplace").decode()
