"""Reader of the prediction files that `ctc predict` writes as CSV, JSON and Parquet."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ctc.artifacts.file_kind import describe_other_kind
from ctc.errors import InputError, MissingExtraError, UsageError, describe_damage, reason
from ctc.evaluation.answers.aggregation import AggregatorFactory
from ctc.evaluation.answers.collector import PredictionCollector, ProbabilityRow
from ctc.evaluation.answers.event_facts import EventFacts, parse_event_facts
from ctc.evaluation.answers.json_probabilities import parse_uniform_cells
from ctc.evaluation.answers.multi_label_truth import encode_multi_hot
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.answers.presence import PresenceThresholdEstimator
from ctc.storage.csv_reader import open_table

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".json", ".parquet")
MEGADETECTOR = ".megadetector.json"
_ALL = "predictions_all"
_COLUMNS = ("id", "label", _ALL)
_PATH, _PRESENT = "path", "predictions_present"
_BATCH_ROWS = 10_000

ClassProbabilities = tuple[tuple[str, ...], ProbabilityRow]
"""Class names and their probabilities."""


class PredictionRow(NamedTuple):
    """A prediction of one label, for an event or (with a `path`) for a photo.

    `values` are the probabilities of `classes`. `meta` holds all other columns. `present` are the
    present classes of a multi-label label, None for other labels.
    """

    id: str
    label: str
    classes: tuple[str, ...]
    values: ProbabilityRow
    path: str | None
    meta: Mapping[str, Any]
    present: Collection[str] | None = None


def read_predictions(
    path: Path, location: str, aggregator_factory: AggregatorFactory
) -> EvaluationData:
    """Read a prediction file, without ground truth.

    `location` is the name of the location column. If the file has photos only, the aggregator that
    `aggregator_factory` makes combines them to events. Raises CtcError if the file can't be read
    as predictions.
    """
    try:
        collector, presence = _collect(prediction_rows(path), location)
        data = collector.to_evaluation_data(aggregator_factory(presence))
    except InputError as error:
        raise InputError(f"'{path}': {error}") from None
    unknown = {
        label: encode_multi_hot([()] * len(data.event_ids), data.classes[label])[0]
        for label in presence
    }
    return replace(
        data,
        multi_label=unknown,
        presence_thresholds={label: one.thresholds() for label, one in presence.items()},
    )


def prediction_rows(path: Path) -> Iterator[PredictionRow]:
    """Return the rows of a prediction file, in the order of the file.

    Raises CtcError, here or while iterating, if it can't be read as predictions.
    """
    readers = {".csv": _csv_rows, ".json": _json_rows, ".parquet": _parquet_rows}
    reader = readers.get(path.suffix.lower())
    if other := describe_other_kind(path, "predictions"):
        raise UsageError(other)
    if reader is None or path.name.lower().endswith(MEGADETECTOR):
        listed = ", ".join(f"'{suffix}'" for suffix in SUFFIXES)
        raise UsageError(
            f"'{path}' is not a prediction file with all probabilities ({listed}):"
            " make one with `ctc predict`"
        )
    if not path.is_file():
        raise UsageError(f"prediction file '{path}' does not exist: make one with `ctc predict`")
    return reader(path)


def _collect(
    rows: Iterator[PredictionRow], location: str
) -> tuple[PredictionCollector, dict[str, PresenceThresholdEstimator]]:
    """Collect all rows; the second value estimates the thresholds of the multi-label labels."""
    collector, presence = PredictionCollector(), dict[str, PresenceThresholdEstimator]()
    classes: dict[str, tuple[str, ...]] = {}
    for row in rows:
        known = classes.setdefault(row.label, row.classes)
        values = row.values if row.classes == known else _reorder_values(row, known)
        event = collector.add_event(
            row.id, parse_event_facts(row.meta, location) if row.meta else EventFacts()
        )
        unit = collector.events if row.path is None else collector.photos
        try:
            unit.add(event, row.path or "", row.label, known, values)
            if row.present is not None:
                presence.setdefault(row.label, PresenceThresholdEstimator(known)).add(
                    values, row.present
                )
        except TypeError:
            raise InputError(
                f"event '{row.id}' has a probability of '{row.label}' that is not a number"
            ) from None
    return collector, presence


def _reorder_values(row: PredictionRow, classes: tuple[str, ...]) -> ProbabilityRow:
    if set(row.classes) != set(classes):
        raise InputError(
            f"event '{row.id}' has other classes of '{row.label}' than the first one: "
            "predict again without --max-classes"
        )
    named = dict(zip(row.classes, row.values, strict=True))
    return [named[name] for name in classes]


def _csv_rows(path: Path) -> Iterator[PredictionRow]:
    table = open_table(path)
    _check_columns(table.columns)
    id_at, label_at, all_at = (table.columns[name] for name in _COLUMNS)
    path_at, present_at = table.columns.get(_PATH), table.columns.get(_PRESENT)
    meta = {
        name: at for name, at in table.columns.items() if name not in (*_COLUMNS, _PATH, _PRESENT)
    }
    rows = table.rows()
    while batch := list(islice(rows, _BATCH_ROWS)):
        parsed = _parse_uniform_rows([(cells[label_at], cells[all_at]) for _, cells in batch])
        for number, (line, cells) in enumerate(batch):
            classes, values = parsed.get(number) or _parse_cell(line, cells[all_at])
            photo = None if path_at is None else cells[path_at]
            facts = {name: cells[at] for name, at in meta.items()}
            present = None if present_at is None else _parse_present(line, cells[present_at])
            yield PredictionRow(
                cells[id_at], cells[label_at], classes, values, photo, facts, present
            )


def _parse_uniform_rows(rows: list[tuple[str, str]]) -> dict[int, ClassProbabilities]:
    """Parse the (label, cell) rows of each label whose cells have the same form, by row number."""
    by_label = defaultdict(list)
    for number, (label, _) in enumerate(rows):
        by_label[label].append(number)
    parsed: dict[int, ClassProbabilities] = {}
    for numbers in by_label.values():
        found = parse_uniform_cells([rows[number][1] for number in numbers])
        if found:
            parsed |= {
                number: (found[0], values) for number, values in zip(numbers, found[1], strict=True)
            }
    return parsed


def _parse_cell(line: int, cell: str) -> ClassProbabilities:
    try:
        probabilities = json.loads(cell)
    except (ValueError, RecursionError):
        raise InputError(f"line {line} has no JSON object in its column '{_ALL}'") from None
    if not isinstance(probabilities, dict) or not probabilities:
        raise InputError(f"line {line}, column '{_ALL}' is not an object of probabilities by class")
    return _split_mapping(probabilities)


def _parse_present(line: int, cell: str) -> list[str] | None:
    if not cell:
        return None
    try:
        names = json.loads(cell)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"line {line} has no JSON list of classes in its column '{_PRESENT}'")
    return names


def _parquet_rows(path: Path) -> Iterator[PredictionRow]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("reading Parquet", "data") from None
    try:
        file = pq.ParquetFile(path)
        _check_columns(file.schema_arrow.names)
        for batch in file.iter_batches(_BATCH_ROWS):
            rows = batch.drop_columns([_ALL]).to_pylist()
            for row, (classes, values) in zip(
                rows, _parse_map_column(batch.column(_ALL)), strict=True
            ):
                yield PredictionRow(
                    row["id"], row["label"], classes, values, row.get(_PATH), row, row.get(_PRESENT)
                )
    except (pa.ArrowException, OSError, AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"it can't be read as a Parquet file of predictions: {_parquet_fault(error)}"
        ) from None


def _parquet_fault(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return reason(error)
    return "it is no Parquet file, or it is damaged; make it again with `ctc predict`"


def _parse_map_column(column: pa.MapArray) -> Iterator[ClassProbabilities]:
    """Yield classes and probabilities of each row, without making a Python object per value.

    With such objects, a million rows of thirty classes take half a minute.
    """
    keys = column.keys.dictionary_encode()
    codes, names = keys.indices.to_numpy(), keys.dictionary.to_pylist()
    values = column.items.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    known: dict[bytes, tuple[str, ...]] = {}
    for start, end in pairwise(column.offsets.to_pylist()):
        own = codes[start:end].tobytes()
        if own not in known:
            known[own] = tuple(names[code] for code in codes[start:end])
        yield known[own], values[start:end]


def _json_rows(path: Path) -> Iterator[PredictionRow]:
    for event_id, entry in json_events(path):
        try:
            present = entry.get(_PRESENT, {})
            for label, probabilities in entry["aggregated_pred"].items():
                yield PredictionRow(
                    event_id,
                    label,
                    *_split_mapping(probabilities),
                    None,
                    entry["meta_data"],
                    present.get(label),
                )
            for photo in entry["images"]:
                for label, probabilities in photo["predictions"].items():
                    meta = {**photo, **entry["meta_data"]}
                    yield PredictionRow(
                        event_id, label, *_split_mapping(probabilities), photo["path"], meta
                    )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"event '{event_id}' is not as `ctc predict` writes it: {describe_damage(error)}"
            ) from None


def json_events(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield events, one per line as `ctc predict` writes them, in bounded memory."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            text = line.strip().rstrip(",")
            if text in ("{", "}", ""):
                continue
            try:
                yield from json.loads(f"{{{text}}}").items()
            except (ValueError, AttributeError, RecursionError):
                raise InputError(
                    f"line {number} is not an event as `ctc predict` writes it"
                ) from None


def _check_columns(columns: Any) -> None:
    for name in _COLUMNS:
        if name not in columns:
            raise InputError(
                f"it is not a prediction file, it has no column '{name}':"
                " make one with `ctc predict`"
            )


def _split_mapping(probabilities: Mapping[str, float]) -> ClassProbabilities:
    return tuple(probabilities), list(probabilities.values())
