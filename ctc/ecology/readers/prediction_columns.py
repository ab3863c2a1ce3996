"""Prediction files as columns: Parquet by column, CSV and JSON row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.ecology.survey import Probabilities
from ctc.errors import InputError, UsageError, did_you_mean, require_extra
from ctc.evaluation.answers.prediction_file import json_events, prediction_rows

if TYPE_CHECKING:
    import pyarrow as pa

COUNT = "count"
"""A label of this name tells group sizes."""
_ALL, _BATCH = "predictions_all", 50_000
_TEXTS = {"id": "id", "top": "prediction_top", "path": "path", "time": "datetime"}
_NUMBERS = {"latitude": "latitude", "longitude": "longitude", "box": "box_confidence"}
_PRESENT = "predictions_present"


@dataclass
class PredictionColumns:
    """Rows of one label of a prediction file; `columns`: by meaning, those that the file has.

    Meanings: id, top, path, time, station, camera, latitude, longitude, box, present, group (the
    most boxes of the answer in one photo), photos and taken (paths and times of an event's photos).
    `counts`: answers of the label `count`, by event.
    """

    classes: tuple[str, ...] = ()
    columns: dict[str, list[Any]] = field(default_factory=dict)
    values: list[NDArray[np.float32]] = field(default_factory=list)
    counts: dict[str, str] = field(default_factory=dict)

    def add(self, columns: Mapping[str, Any], classes: tuple[str, ...], values: Any) -> None:
        """Add rows: Arrow arrays by meaning, and probabilities (rows, classes)."""
        self.classes = self.classes or classes
        if classes != self.classes:
            values = _reorder(values, classes, self.classes)
        for name, column in columns.items():
            self.columns.setdefault(name, []).append(column)
        self.values.append(np.ascontiguousarray(values.T, np.float32))

    def column(self, name: str) -> pa.ChunkedArray | None:
        """Return a column, None if the file does not have it or it is empty."""
        import pyarrow as pa

        found = pa.chunked_array(self.columns[name]) if name in self.columns else None
        return None if found is None or found.null_count == len(found) else found

    def probabilities(self) -> Probabilities:
        """Return the probabilities, (classes, rows), and forget the parts."""
        joined = np.concatenate(self.values, axis=1)
        self.values.clear()
        return joined


def read_columns(path: Path, label: str, location: str, camera: str) -> PredictionColumns:
    """Read the rows of a label, '' for the first; see `prediction_rows` for errors.

    `location`, `camera`: names of columns.
    """
    require_extra("ctc summarize", "report", ("pyarrow", "scipy", "jinja2"))
    rows = prediction_rows(path)  # checks the file
    readers = {".parquet": _read_parquet, ".json": _read_json}
    names = {"station": location, "camera": camera}
    found = PredictionColumns()
    if reader := readers.get(path.suffix.lower()):
        reader(path, label, names, found)
    else:
        _read_rows(rows, label, names, found)
    if not found.values:
        raise InputError(f"'{path}' has no prediction" + (f" of label '{label}'" if label else ""))
    return found


def _read_parquet(
    path: Path, label: str, names: Mapping[str, str], found: PredictionColumns
) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    texts = {**_TEXTS, **names}
    wanted = {"label", _ALL, *texts.values(), *_NUMBERS.values(), _PRESENT}
    columns = [name for name in file.schema_arrow.names if name in wanted]
    for batch in file.iter_batches(_BATCH, columns=columns):
        table = pa.Table.from_batches([batch])
        label = label or table["label"][0].as_py()
        _note_counts(table, label, found)
        own = pc.equal(table["label"], label)
        table = table if pc.all(own).as_py() else table.filter(own)
        if not table.num_rows:
            _check_label(label, batch.column("label"), found)
            continue
        part = {
            meaning: table[name].combine_chunks().cast(pa.string())
            for meaning, name in texts.items()
            if name in columns
        }
        part |= {
            meaning: table[name].combine_chunks().cast(pa.float64())
            for meaning, name in _NUMBERS.items()
            if name in columns
        }
        if _PRESENT in columns:
            part["present"] = table[_PRESENT].combine_chunks()
        found.add(part, *_map_values(table[_ALL].combine_chunks(), found.classes))


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


def _reorder(
    values: NDArray[np.float32], classes: tuple[str, ...], wanted: tuple[str, ...]
) -> NDArray[np.float32]:
    if not set(classes) <= set(wanted):
        more = min(set(classes) - set(wanted))
        raise InputError(
            f"class '{more}' is not among those of the first events: predict again without"
            " --max-classes"
        )
    found = np.zeros((len(values), len(wanted)), np.float32)
    found[:, [wanted.index(name) for name in classes]] = values
    return found


def _note_counts(table: pa.Table, label: str, found: PredictionColumns) -> None:
    import pyarrow.compute as pc

    if label == COUNT or "prediction_top" not in table.column_names:
        return
    own = table.filter(pc.equal(table["label"], COUNT))
    found.counts.update(zip(own["id"].to_pylist(), own["prediction_top"].to_pylist(), strict=True))


def _check_label(label: str, labels: pa.Array, found: PredictionColumns) -> None:
    if not found.values and label not in (known := set(labels.to_pylist())):
        raise UsageError(f"there is no label '{label}'{did_you_mean(label, known)}")


def _read_rows(
    rows: Iterator[Any], label: str, names: Mapping[str, str], found: PredictionColumns
) -> None:
    known: set[str] = set()
    while batch := list(islice(rows, _BATCH)):
        label = label or batch[0].label
        known |= {row.label for row in batch}
        own = [row for row in batch if row.label == label]
        found.counts.update(
            {row.id: row.meta.get("prediction_top", "") for row in batch if row.label == COUNT}
        )
        if own:
            _add_rows(own, names, found)
    if not found.values and known:
        raise UsageError(f"there is no label '{label}'{did_you_mean(label, known)}")


def _add_rows(rows: Sequence[Any], names: Mapping[str, str], found: PredictionColumns) -> None:
    import pyarrow as pa

    meta = rows[0].meta
    wanted = {"top": "prediction_top", "time": "datetime", **names}
    part = {
        meaning: pa.array([row.meta[name] or None for row in rows], pa.string())
        for meaning, name in wanted.items()
        if name in meta
    }
    part |= {
        meaning: pa.array([_number(row.meta[name]) for row in rows], pa.float64())
        for meaning, name in _NUMBERS.items()
        if name in meta
    }
    part["id"] = pa.array([row.id for row in rows], pa.string())
    if rows[0].path is not None:
        part["path"] = pa.array([row.path for row in rows], pa.string())
    if any(row.present is not None for row in rows):
        part["present"] = pa.array([row.present for row in rows], pa.list_(pa.string()))
    classes = rows[0].classes
    same = all(row.classes == classes for row in rows)
    if not same:
        classes = tuple(dict.fromkeys((*found.classes, *(n for row in rows for n in row.classes))))
    found.add(part, classes, _matrix(rows, classes, same))


def _matrix(rows: Sequence[Any], classes: tuple[str, ...], same: bool) -> NDArray[np.float32]:
    try:
        if same:
            return np.array([row.values for row in rows], np.float32)
        values = np.zeros((len(rows), len(classes)), np.float32)
        place = {name: number for number, name in enumerate(classes)}
        for number, row in enumerate(rows):
            values[number, [place[name] for name in row.classes]] = row.values
    except (TypeError, ValueError):
        raise InputError(
            f"event '{rows[0].id}' or one after it has a probability that is not a number"
        ) from None
    return values


def _read_json(path: Path, label: str, names: Mapping[str, str], found: PredictionColumns) -> None:
    import pyarrow as pa

    events = json_events(path)
    while batch := list(islice(events, _BATCH)):
        label = label or next(iter(batch[0][1]["aggregated_pred"]), "")
        if label not in (known := batch[0][1]["aggregated_pred"]):
            raise UsageError(f"there is no label '{label}'{did_you_mean(label, known)}")
        try:
            columns = [_json_event(key, entry, label, names) for key, entry in batch]
            maps = [entry["aggregated_pred"][label] for _, entry in batch]
            for key, entry in batch:
                if COUNT in entry["predictions_top"]:
                    found.counts[key] = entry["predictions_top"][COUNT]
        except (KeyError, TypeError, AttributeError):
            raise InputError(f"'{path}' is not as `ctc predict` writes it") from None
        part = {
            name: pa.array([one[name] for one in columns], kind)
            for name, kind in _json_types().items()
        }
        classes = tuple(dict.fromkeys((*found.classes, *(n for one in maps for n in one))))
        rows = [[one.get(name, 0.0) for name in classes] for one in maps]
        found.add(part, classes, np.array(rows, np.float32))


def _json_types() -> dict[str, Any]:
    import pyarrow as pa

    texts = dict.fromkeys(("id", "top", "time", "station", "camera"), pa.string())
    numbers = dict.fromkeys(("latitude", "longitude"), pa.float64())
    lists = dict.fromkeys(("photos", "taken", "present"), pa.list_(pa.string()))
    return {**texts, **numbers, **lists, "group": pa.int64()}


def _json_event(key: str, entry: Any, label: str, names: Mapping[str, str]) -> dict[str, Any]:
    first = entry["images"][0] if entry["images"] else {}
    meta = {**first, **{k: v for k, v in entry["meta_data"].items() if v is not None}}
    top = entry["predictions_top"].get(label)
    return {
        "id": key,
        "top": top,
        "time": _text(meta.get("datetime")),
        "latitude": _number(meta.get("latitude")),
        "longitude": _number(meta.get("longitude")),
        "group": _most_boxes(entry["images"], label, top),
        "present": entry.get(_PRESENT, {}).get(label),
        "photos": [photo["path"] for photo in entry["images"]],
        "taken": [_text(photo.get("datetime")) for photo in entry["images"]],
        **{meaning: _text(meta.get(name)) for meaning, name in names.items()},
    }


def _most_boxes(photos: Sequence[Any], label: str, answer: str) -> int | None:
    """Return the most boxes in one photo that are most probably of a class; None without boxes."""
    if not any("boxes" in photo for photo in photos):
        return None
    return max(
        Counter(
            max(box["predictions"][label], key=box["predictions"][label].get)
            for box in photo.get("boxes", ())
        )[answer]
        for photo in photos
    )


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
