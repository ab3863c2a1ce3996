"""Prediction files as tables of Arrow: Parquet, and CSV as `ctc predict` writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.ecology.readers.prediction_columns import (
    ALL,
    COUNT,
    NUMBERS,
    PRESENT,
    TEXTS,
    TOP,
    PredictionColumns,
    parse_number,
)
from ctc.evaluation.answers.json_probabilities import parse_uniform_cells
from ctc.storage.csv_reader import open_table
from ctc.storage.remote_files import local_copy

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH, _BLOCK = 50_000, 1 << 25
"""Rows of Parquet, and bytes of CSV."""
_ENCODINGS = ("utf-8", "utf-8-sig")
_Parse = Callable[[Any, tuple[str, ...]], tuple[tuple[str, ...], NDArray[np.float32]] | None]
"""Returns classes and probabilities (rows, classes) of a column; gets the classes so far."""


def read_parquet(path: Path, label: str, names: Mapping[str, str]) -> PredictionColumns:
    """Read the rows of a label, '' for the first; `names`: further text columns by meaning."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    texts = {**TEXTS, **names}
    wanted = {"label", ALL, *texts.values(), *NUMBERS.values(), PRESENT}
    columns = [name for name in file.schema_arrow.names if name in wanted]
    found = PredictionColumns()
    for batch in file.iter_batches(_BATCH, columns=columns):
        table = pa.Table.from_batches([batch])
        label = label or table["label"][0].as_py()
        _add_table(table, label, texts, _map_values, found)
    return found


def read_usual_csv(path: Path, label: str, names: Mapping[str, str]) -> PredictionColumns | None:
    """Read a CSV in UTF-8 whose cells all name the same classes in the same order.

    Returns None for any other, which the reader by rows takes; see `read_parquet`.
    """
    import pyarrow as pa

    table = open_table(path)
    usual = table.encoding.lower() in _ENCODINGS and len(table.delimiter) == 1
    if not usual or not {"id", "label", ALL} <= {*table.columns}:
        return None
    texts = {**TEXTS, **names}
    wanted = {"label", ALL, *texts.values(), *NUMBERS.values(), PRESENT}
    columns = [name for name in table.columns if name in wanted]
    found = PredictionColumns()
    try:
        for part in _csv_parts(path, table.delimiter, columns):
            label = label or part["label"][0].as_py()
            if not _add_table(part, label, texts, _uniform_values, found):
                return None
    except pa.ArrowInvalid:
        return None
    return found


def _csv_parts(path: Path, delimiter: str, columns: list[str]) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import csv

    reader = csv.open_csv(
        local_copy(path),
        csv.ReadOptions(block_size=_BLOCK),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            include_columns=columns,
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    for batch in reader:
        if batch.num_rows:
            yield pa.Table.from_batches([batch])


def _add_table(
    table: pa.Table, label: str, texts: Mapping[str, str], parse: _Parse, found: PredictionColumns
) -> bool:
    """Add the rows of a label; returns whether its probabilities could be parsed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    _note_counts(table, label, found)
    own = pc.equal(table["label"], label)
    rows = table if pc.all(own).as_py() else table.filter(own)
    if not rows.num_rows:
        found.check_label(label, table["label"].to_pylist())
        return True
    part = {
        meaning: rows[name].combine_chunks().cast(pa.string())
        for meaning, name in texts.items()
        if name in table.column_names
    }
    part |= {
        meaning: _numbers(rows[name].combine_chunks())
        for meaning, name in NUMBERS.items()
        if name in table.column_names
    }
    if PRESENT in table.column_names:
        part["present"] = _lists(rows[PRESENT].combine_chunks())
    values = parse(rows[ALL].combine_chunks(), found.classes)
    if values is not None:
        found.add(part, *values)
    return values is not None


def _note_counts(table: pa.Table, label: str, found: PredictionColumns) -> None:
    import pyarrow.compute as pc

    if label == COUNT or TOP not in table.column_names:
        return
    own = table.filter(pc.equal(table["label"], COUNT))
    found.counts.update(zip(own["id"].to_pylist(), own[TOP].to_pylist(), strict=True))


def _numbers(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid:
        return pa.array([parse_number(one) for one in column.to_pylist()], pa.float64())


def _lists(column: pa.Array) -> pa.Array:
    """Return lists of classes, of JSON in CSV; raises ArrowInvalid if there is any other."""
    import json

    import pyarrow as pa

    if not pa.types.is_string(column.type):
        return column
    try:
        lists = [None if one is None else json.loads(one) for one in column.to_pylist()]
    except (ValueError, RecursionError):
        raise pa.ArrowInvalid("no JSON") from None
    return pa.array(lists, pa.list_(pa.string()))


def _uniform_values(
    column: pa.Array, known: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[np.float32]] | None:
    del known
    return None if column.null_count else parse_uniform_cells(column)


def _map_values(
    column: pa.MapArray, known: tuple[str, ...]
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return the classes and probabilities (rows, classes) of a column of maps."""
    rows = len(column)
    keys = column.keys.dictionary_encode()
    names = tuple(keys.dictionary.to_pylist())
    codes = keys.indices.to_numpy()
    flat = column.items.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    if len(codes) == rows * len(names) and (codes.reshape(rows, -1) == np.arange(len(names))).all():
        return names, flat.reshape(rows, -1)
    classes = tuple(dict.fromkeys((*known, *names)))  # `--max-classes` leaves some out
    number = np.array([classes.index(name) for name in names], np.int64)
    values = np.zeros((rows, len(classes)), np.float32)
    sizes = np.diff(column.offsets.to_numpy())
    values[np.repeat(np.arange(rows), sizes), number[codes]] = flat
    return classes, values
