"""What kind of artifact a path holds, for errors about a path of another kind."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ctc.storage.paths import is_remote

Kind = Literal["inventory", "dataset", "run", "model", "predictions"]

_ARTICLES = {
    "inventory": "an inventory",
    "dataset": "a dataset",
    "run": "a run of `ctc train`",
    "model": "a model",
    "predictions": "predictions",
    "table": "a table",
    "folder": "a folder",
}
_MARKERS: dict[str, Literal["dataset", "run"]] = {"dataset.json": "dataset", "run.json": "run"}
"""Files by which a folder is recognized."""
_PREDICTION_COLUMN = "predictions_all"
_HEADER_BYTES = 65_536
_INVENTORY = "`ctc inventory csv {path} --output inventory.parquet`"
_NEXT_STEPS = {
    ("table", "inventory"): f"make one of it with {_INVENTORY}",
    ("table", "dataset"): f"make an inventory of it with {_INVENTORY}, then a dataset with"
    " `ctc dataset inventory.parquet --output dataset`",
    ("table", "run"): "a run is the folder that `ctc train` writes",
    ("table", "model"): "a model is the .onnx file that `ctc export` writes",
    ("folder", "inventory"): "make one with `ctc inventory {path} --output inventory.parquet`",
    ("folder", "predictions"): "make predictions with `ctc predict MODEL {path}`",
    ("inventory", "dataset"): "make one of it with `ctc dataset {path} --output dataset`",
    ("inventory", "run"): "a run is the folder that `ctc train` writes",
    ("inventory", "model"): "a model is the .onnx file that `ctc export` writes",
    ("inventory", "predictions"): "make predictions with `ctc predict MODEL {path}`",
    ("dataset", "inventory"): "give the inventory that the dataset was made of",
    ("dataset", "run"): "make one of it with `ctc train {path} --output run`",
    ("dataset", "model"): "make one with `ctc train {path} --output run` and"
    " `ctc export run --output model.onnx`",
    ("dataset", "predictions"): "evaluate a model on it with `ctc evaluate MODEL {path}`",
    ("run", "model"): "make one of it with `ctc export {path} --output model.onnx`",
    ("run", "dataset"): "give the dataset that it was trained on",
    ("run", "inventory"): "give the inventory of the photos",
    ("run", "predictions"): "make a model of it with `ctc export {path} --output model.onnx`,"
    " then predictions with `ctc predict model.onnx PHOTOS`",
    ("model", "run"): "give the folder that the model was exported from",
    ("model", "dataset"): "give the folder that `ctc dataset` wrote",
    ("model", "inventory"): "give the file that `ctc inventory` wrote",
    ("model", "predictions"): "make predictions with `ctc predict {path} PHOTOS --output"
    " predictions.csv`",
    ("predictions", "model"): "give the .onnx file that made them",
    ("predictions", "dataset"): "compare them with an inventory by `--truth INVENTORY`",
    ("predictions", "inventory"): "give the labels of a person, as `ctc inventory` writes them",
    ("predictions", "run"): "a run is the folder that `ctc train` writes",
}


def describe_other_kind(path: Path, wanted: Kind) -> str | None:
    """Return a message if `path` is not what is `wanted` but something known: what, next step.

    None if the path does not exist, is remote, is not recognised, or is of the wanted kind.
    """
    found = recognize_kind(path)
    step = _NEXT_STEPS.get((found or "", wanted))
    if found is None or step is None:
        return None
    step = step.format(path=f"'{path}'")
    return f"'{path}' is {_ARTICLES[found]}, not {_ARTICLES[wanted]}: {step}"


def recognize_kind(path: Path) -> Kind | Literal["table", "folder"] | None:
    """Return what a local path holds, by its name and the beginning of its content."""
    if is_remote(path) or not path.exists():
        return None
    if path.is_dir():
        return next((kind for name, kind in _MARKERS.items() if (path / name).is_file()), "folder")
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        return "model"
    if suffix == ".parquet":
        return _parquet_kind(path)
    if suffix in (".csv", ".tsv", ".txt"):
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES).partition(b"\n")[0]
        return "predictions" if _PREDICTION_COLUMN.encode() in header else "table"
    return None


def _parquet_kind(path: Path) -> Literal["inventory", "predictions", "table"] | None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return None
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError):
        return None
    if _PREDICTION_COLUMN in schema.names:
        return "predictions"
    return "inventory" if b"ctc" in (schema.metadata or {}) else "table"
