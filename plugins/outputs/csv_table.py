"""Predictions as CSV: the rows of `rows.py`.

"id","label","prediction_top","confidence_top","predictions_all","datetime","camera", …
"1","species","cat","0.5350","{""cat"": 0.5350, ""dog"": 0.4650}","2016-09-25T18:35:10", …
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.plugin import Option, OutputContext, OutputFormat, hookimpl

from .photo_fields import FieldValue
from .rows import MAX_CLASSES, PER_PHOTO, PredictionRow, build_table

EXCEL = Option(
    "excel",
    "Write a file for Excel: with a byte order mark, and with an apostrophe before text that it "
    "would run as a formula.",
    "flag",
    default=False,
)

_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "a table with one row per event and label"
    return [OutputFormat("csv", summary, (".csv",), write, options=(PER_PHOTO, MAX_CLASSES, EXCEL))]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the predictions; see `PredictionTable.rows` for errors."""
    table = build_table(entries, context.options)
    for_excel = context.options[EXCEL.key]
    escape = _escape_formulas if for_excel else list
    encoding = "utf-8-sig" if for_excel else "utf-8"  # without the mark, Excel expects cp1252
    # backslashreplace: file names may hold bytes that are not UTF-8
    with path.open("w", encoding=encoding, errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(escape(table.columns))
        writer.writerows(escape(_cells(row, table.has_multi_label)) for row in table.rows())


def _cells(row: PredictionRow, has_multi_label: bool) -> list[str]:
    pairs = row.probabilities.items()
    all_classes = ", ".join(f"{_json_string(name)}: {value:.4f}" for name, value in pairs)
    present = [_json_list(row.present)] if has_multi_label else []
    path = [] if row.path is None else [row.path]
    first = [
        row.id,
        row.label,
        row.top,
        f"{row.confidence:.4f}",
        f"{{{all_classes}}}",
        *present,
        *path,
    ]
    return first + [_to_text(value) for value in (*row.photo_fields, *row.meta)]


@cache
def _json_string(name: str) -> str:
    """Return a class name as JSON; cached, since every row has all names."""
    return json.dumps(name, ensure_ascii=False)


def _json_list(names: tuple[str, ...] | None) -> str:
    """Return the names as a JSON list, '' for None."""
    return "" if names is None else f"[{', '.join(map(_json_string, names))}]"


def _to_text(value: FieldValue) -> str:
    return "" if value is None else str(value)


def _escape_formulas(cells: list[str]) -> list[str]:
    """Put an apostrophe before formulas, but not before numbers.

    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    return [
        f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
        for cell in cells
    ]
