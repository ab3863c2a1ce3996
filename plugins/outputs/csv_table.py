"""Predictions as CSV: the rows of `rows.py`.

"id","label","prediction_top","confidence_top","predictions_all","datetime","camera", …
"1","species","cat","0.5350","{""cat"": 0.535, ""dog"": 0.465}","2016-09-25T18:35:10", …
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from ctc.artifacts.failures import EXCEL_OPTION
from ctc.artifacts.predictions import ColumnValue, EventPrediction, Failure
from ctc.plugin import Option, OutputContext, OutputFormat, hookimpl
from ctc.storage.csv_writer import open_rows

from .photo_fields import FieldValue
from .rows import (
    DIGITS,
    MAX_CLASSES,
    PER_BOX,
    PER_PHOTO,
    PredictionRow,
    PredictionTable,
    build_table,
)
from .time_zone import TIME_ZONE, with_zone

EXCEL = Option(
    EXCEL_OPTION,
    "Write a file for Excel: with a byte order mark, and with an apostrophe before text that it "
    "would run as a formula.",
    "flag",
    default=False,
)


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "a table with one row per event and label"
    return [
        OutputFormat(
            "csv",
            summary,
            (".csv",),
            write,
            options=(PER_PHOTO, PER_BOX, MAX_CLASSES, EXCEL, TIME_ZONE),
        )
    ]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the predictions; see `PredictionTable.rows` for errors."""
    table = build_table(with_zone(entries, context), context.options)
    with open_rows(path, context.options[EXCEL.key], quoting=csv.QUOTE_ALL) as rows:
        rows.writerow(table.columns)
        rows.writerows(_cells(row, table) for row in table.rows())


def _cells(row: PredictionRow, table: PredictionTable) -> list[str]:
    all_classes = _template(tuple(row.probabilities)) % tuple(row.probabilities.values())
    present = [_json_list(row.present)] if table.has_multi_label else []
    strangeness = "" if row.strangeness is None else f"{row.strangeness:.1f}"
    strangers = [row.unknown_reason or "", strangeness] if table.has_strangers else []
    path = [] if row.path is None else [row.path]
    box = [] if row.box is None else [_box_cell(value) for value in row.box]
    first = [
        row.id,
        row.label,
        row.top,
        f"{row.confidence:.4f}",
        all_classes,
        *present,
        *strangers,
        *map(_decided_cell, row.decided),
        *path,
        *box,
    ]
    return first + [_to_text(value) for value in (*row.photo_fields, *row.meta)]


@lru_cache(maxsize=64)
def _template(names: tuple[str, ...]) -> str:
    """Return a JSON object with a place for the probability of each class.

    Cached, since most rows have the same names: to format 50 numbers one by one takes 40 µs.
    """
    pairs = (f"{_json_string(name).replace('%', '%%')}: %.{DIGITS}g" for name in names)
    return f"{{{', '.join(pairs)}}}"


@cache
def _json_string(name: str) -> str:
    """Return a class name as JSON; cached, since every row has all names."""
    return json.dumps(name, ensure_ascii=False)


def _json_list(names: tuple[str, ...] | None) -> str:
    """Return the names as a JSON list, '' for None."""
    return "" if names is None else f"[{', '.join(map(_json_string, names))}]"


def _to_text(value: FieldValue) -> str:
    return "" if value is None else str(value)


def _decided_cell(value: ColumnValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return _json_list(value)
    return f"{value:.4f}" if isinstance(value, float) else _to_text(value)


def _box_cell(value: FieldValue) -> str:
    return f"{value:.5f}" if isinstance(value, float) else _to_text(value)
