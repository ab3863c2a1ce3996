"""Prediction files row by row: CSV that differs from what `ctc predict` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import CLASSIFIED_BY
from ctc.ecology.readers.prediction_columns import (
    COUNT,
    NUMBERS,
    TOP,
    PredictionColumns,
    parse_number,
)
from ctc.errors import InputError
from ctc.evaluation.answers.prediction_file import prediction_rows

_BATCH = 10_000


def read_by_rows(path: Path, label: str, names: Mapping[str, str]) -> PredictionColumns:
    """Read the rows of a label, '' for the first; `names`: further text columns by meaning."""
    rows, found = prediction_rows(path), PredictionColumns()
    known: set[str] = set()
    while batch := list(islice(rows, _BATCH)):
        label = label or batch[0].label
        known |= {row.label for row in batch}
        own = [row for row in batch if row.label == label]
        found.counts.update({row.id: row.meta.get(TOP, "") for row in batch if row.label == COUNT})
        if own:
            _add_rows(own, names, found)
    if known:
        found.check_label(label, known)
    return found


def _add_rows(rows: Sequence[Any], names: Mapping[str, str], found: PredictionColumns) -> None:
    import pyarrow as pa

    meta = rows[0].meta
    wanted = {"top": TOP, "time": "datetime", "by": CLASSIFIED_BY, **names}
    part = {
        meaning: pa.array([row.meta[name] or None for row in rows], pa.string())
        for meaning, name in wanted.items()
        if name in meta
    }
    part |= {
        meaning: pa.array([parse_number(row.meta[name]) for row in rows], pa.float64())
        for meaning, name in NUMBERS.items()
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
        classes = tuple(dict.fromkeys(name for row in rows for name in row.classes))
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
