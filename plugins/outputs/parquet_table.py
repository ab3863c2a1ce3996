"""Predictions as Parquet: the rows of `rows.py` in typed columns.

`confidence_top` and `strangeness` are float; `predictions_all` a map from class to float;
`predictions_present` a list of text; the numbers of a box, `latitude` and `longitude` are double,
the latter null where the table of events has text that is not a number. All other columns are text,
times and meta columns too, since tables write them in any way. Notes for the reader, such as
classes that were left out, are in the file's metadata under `notes`, one per line.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctc.artifacts.predictions import DECISION_COLUMNS, EventPrediction, Failure
from ctc.errors import require_extra
from ctc.plugin import OutputContext, OutputFormat, hookimpl

from .photo_fields import LATITUDE, LONGITUDE, FieldValue
from .rows import (
    BOX,
    MAX_CLASSES,
    PER_BOX,
    PER_PHOTO,
    PRESENT,
    STRANGENESS,
    PredictionRow,
    PredictionTable,
    build_table,
)
from .time_zone import TIME_ZONE, with_zone

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_BATCH = 1_000
"""Rows held as Python objects at a time."""
BATCHES_PER_GROUP = 20


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "the rows of csv in typed columns"
    return [
        OutputFormat(
            "parquet",
            summary,
            (".parquet",),
            write,
            options=(PER_PHOTO, PER_BOX, MAX_CLASSES, TIME_ZONE),
        )
    ]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the predictions.

    Raises MissingExtraError without pyarrow; see `PredictionTable.rows` for other errors.
    """
    require_extra("writing Parquet", "data", ["pyarrow"])
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = build_table(with_zone(entries, context), context.options)
    schema = _schema(table).with_metadata(
        {"notes": "\n".join(context.notes)} if context.notes else None
    )
    batches = _batches(table, schema)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(batches, BATCHES_PER_GROUP)):
            writer.write_table(pa.Table.from_batches(group))


def _schema(table: PredictionTable) -> pa.Schema:
    import pyarrow as pa

    types = {
        "confidence_top": pa.float32(),
        "predictions_all": pa.map_(pa.string(), pa.float32()),
        PRESENT: pa.list_(pa.string()),
        STRANGENESS: pa.float32(),
        **{
            name: pa.bool_() if kind is bool else pa.list_(pa.string())
            for name, kind in DECISION_COLUMNS.items()
            if kind is not str
        },
        **dict.fromkeys(BOX[1:], pa.float64()),
        LATITUDE: pa.float64(),
        LONGITUDE: pa.float64(),
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in table.columns])


def _batches(table: PredictionTable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows = (_cells(row, table) for row in table.rows())
    while chunk := list(islice(rows, ROWS_PER_BATCH)):
        columns = zip(*chunk, strict=True)
        arrays = [pa.array(cells, kind) for cells, kind in zip(columns, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cells(row: PredictionRow, table: PredictionTable) -> tuple[Any, ...]:
    path = () if row.path is None else (_to_text(row.path),)
    time, camera, *coordinates = row.photo_fields
    first = (_to_text(row.id), row.label, row.top, row.confidence, list(row.probabilities.items()))
    present = (row.present,) if table.has_multi_label else ()
    strangers = (row.unknown_reason, row.strangeness) if table.has_strangers else ()
    return (
        *first,
        *present,
        *strangers,
        *row.decided,
        *path,
        *(row.box or ()),
        _to_text(time),
        _to_text(camera),
        *map(_to_float, coordinates),
        *map(_to_text, row.meta),
    )


def _to_text(value: FieldValue) -> str | None:
    """Return the value as text; bytes of file names that are not UTF-8 are escaped."""
    return None if value is None else str(value).encode(errors="backslashreplace").decode()


def _to_float(value: FieldValue) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
