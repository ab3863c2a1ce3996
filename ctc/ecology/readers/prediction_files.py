"""Prediction files of all formats as columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ctc.ecology.readers.prediction_columns import PredictionColumns
from ctc.ecology.readers.prediction_json import read_json
from ctc.ecology.readers.prediction_rows import read_by_rows
from ctc.ecology.readers.prediction_tables import read_parquet, read_usual_csv
from ctc.errors import InputError, require_extra
from ctc.evaluation.answers.prediction_file import prediction_rows


def read_columns(path: Path, label: str, location: str, camera: str) -> PredictionColumns:
    """Read the rows of a label, '' for the first; see `prediction_rows` for errors.

    `location`, `camera`: names of columns.
    """
    require_extra("ctc summarize", "report", ("pyarrow", "scipy", "jinja2"))
    prediction_rows(path)  # checks the file
    names = {"station": location, "camera": camera}
    try:
        found = _read(path, label, names)
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"'{path}': {error}") from None
    if not found.values:
        raise InputError(f"'{path}' has no prediction" + (f" of label '{label}'" if label else ""))
    return found


def _read(path: Path, label: str, names: Mapping[str, str]) -> PredictionColumns:
    if path.suffix.lower() == ".parquet":
        return read_parquet(path, label, names)
    if path.suffix.lower() == ".json":
        return read_json(path, label, names)
    return read_usual_csv(path, label, names) or read_by_rows(path, label, names)
