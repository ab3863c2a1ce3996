"""The prediction files that `ctc predict` writes as csv, json and parquet, read row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ctc.artifacts.csvfile import open_table
from ctc.errors import InputError, MissingExtraError, UsageError
from ctc.report.event_facts import facts_of
from ctc.report.gathering import Combine, Gathering
from ctc.report.scored import Scored

SUFFIXES = (".csv", ".json", ".parquet")
_COLUMNS = ("id", "label", "predictions_all")
_PATH = "path"
_ROWS_AT_ONCE = 10_000


class _Row(NamedTuple):
    """`path` None in an answer for an event; `meta`: all other columns."""

    id: str
    label: str
    probabilities: Mapping[str, float]
    path: str | None
    meta: Mapping[str, Any]


def read_predictions(path: Path, location: str, combine: Combine) -> Scored:
    """What a prediction file says, without truth. `location`: the column that says where an event was.

    Where the file has photos only, `combine` makes events of them. Raises CtcError for a file that isn't such a file.
    """
    readers = {".csv": _csv_rows, ".json": _json_rows, ".parquet": _parquet_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        listed = ", ".join(f"'{suffix}'" for suffix in SUFFIXES)
        raise UsageError(f"'{path}' is neither a model (.onnx) nor a prediction file ({listed})")
    if not path.is_file():
        raise UsageError(f"prediction file '{path}' is not there: make one with `ctc predict`")
    try:
        return _gathered(reader(path), location).scored(combine)
    except InputError as error:
        raise InputError(f"'{path}': {error}") from None


def _gathered(rows: Iterator[_Row], location: str) -> Gathering:
    gathering = Gathering()
    classes: dict[str, tuple[str, ...]] = {}
    for row in rows:
        known = classes.setdefault(row.label, tuple(row.probabilities))
        values = list(row.probabilities.values())
        if tuple(row.probabilities) != known:
            if set(row.probabilities) != set(known):
                raise InputError(f"event '{row.id}' has other classes of '{row.label}' than the first one")
            values = [row.probabilities[name] for name in known]
        event = gathering.event(row.id, facts_of(row.meta, location))
        unit = gathering.events if row.path is None else gathering.photos
        try:
            unit.add(event, row.path or "", row.label, known, values)
        except TypeError:
            raise InputError(f"event '{row.id}' has a probability of '{row.label}' that is not a number") from None
    return gathering


def _csv_rows(path: Path) -> Iterator[_Row]:
    table = open_table(path)
    _check_columns(table.columns)
    id_at, label_at, all_at = (table.columns[name] for name in _COLUMNS)
    path_at = table.columns.get(_PATH)
    meta = {name: at for name, at in table.columns.items() if name not in (*_COLUMNS, _PATH)}
    for line, cells in table.rows():
        try:
            probabilities = json.loads(cells[all_at])
        except ValueError:
            raise InputError(f"line {line} has no JSON object in its column 'predictions_all'") from None
        _check_object(probabilities, f"line {line}, column 'predictions_all'")
        photo = None if path_at is None else cells[path_at]
        yield _Row(cells[id_at], cells[label_at], probabilities, photo, {name: cells[at] for name, at in meta.items()})


def _parquet_rows(path: Path) -> Iterator[_Row]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("reading Parquet", "data") from None
    try:
        file = pq.ParquetFile(path)
        _check_columns(file.schema_arrow.names)
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            for row in batch.to_pylist():
                yield _Row(row["id"], row["label"], dict(row["predictions_all"]), row.get(_PATH), row)
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise InputError(f"it can't be read as a Parquet file of predictions: {error}") from None


def _json_rows(path: Path) -> Iterator[_Row]:
    for event_id, entry in _json_events(path):
        try:
            for label, probabilities in entry["aggregated_pred"].items():
                yield _Row(event_id, label, probabilities, None, entry["meta_data"])
            for photo in entry["images"]:
                for label, probabilities in photo["predictions"].items():
                    yield _Row(event_id, label, probabilities, photo["path"], {**photo, **entry["meta_data"]})
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"event '{event_id}' is not as `ctc predict` writes it ({error!r})") from None


def _json_events(path: Path) -> Iterator[tuple[str, Any]]:
    """An event on a line, as `ctc predict` writes them, so that the whole need not fit into memory."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip().rstrip(",")
            if text in ("{", "}", ""):
                continue
            try:
                yield from json.loads(f"{{{text}}}").items()
            except (ValueError, AttributeError):
                raise InputError(f"line {number} is not an event as `ctc predict` writes it") from None


def _check_columns(columns: Any) -> None:
    for name in _COLUMNS:
        if name not in columns:
            raise InputError(f"it is not a prediction file: it has no column '{name}'")


def _check_object(value: Any, where: str) -> None:
    if not isinstance(value, dict) or not value:
        raise InputError(f"{where} is not an object of probabilities by class")
