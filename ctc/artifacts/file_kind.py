"""What kind of artifact a path holds, for errors about a path of another kind."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

from ctc.storage.paths import is_remote

Kind = Literal["inventory", "dataset", "run", "model", "predictions", "embeddings"]
Wanted = Literal[Kind, "photos"]
_Other = Literal["table", "Parquet table", "text", "photo", "folder", "manifest", "run.json"]
Found = Literal[Kind, _Other, "foreign model"]

_NAMES: dict[Found | Wanted, str] = {
    "photos": "photos to predict",
    "inventory": "an inventory",
    "dataset": "a dataset",
    "run": "a run of `ctc train`",
    "model": "a model",
    "predictions": "a prediction file",
    "embeddings": "an embeddings file",
    "table": "a table",
    "Parquet table": "a Parquet file that ctc did not write",
    "text": "a text file",
    "photo": "a photo",
    "folder": "a folder",
    "manifest": "the manifest of a dataset",
    "run.json": "the run.json of a run",
    "foreign model": "a model file of another program",
}
EMBEDDINGS_KEY = "ctc_embeddings"
"""Key of the metadata of the Parquet files that `ctc embed` writes."""
_MARKERS: dict[str, Literal["dataset", "run"]] = {"dataset.json": "dataset", "run.json": "run"}
"""Files by which a folder is recognized."""
_MANIFESTS: dict[str, Literal["manifest", "run.json"]] = {
    "dataset.json": "manifest",
    "run.json": "run.json",
}
_TABLES, _PHOTOS = (".csv", ".tsv", ".txt"), (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
_FOREIGN_MODELS = (
    *(".h5", ".hdf5", ".keras"),
    *(".pt", ".pth", ".ckpt", ".pb", ".tflite", ".safetensors"),
)
_DELIMITERS = (b",", b";", b"\t", b"|")
_PREDICTION_COLUMN = "predictions_all"
_HEADER_BYTES = 65_536
_FROM_TABLE = (
    "`ctc inventory csv {path} --event-id COLUMN --image COLUMN --label COLUMN"
    " --output inventory.parquet`"
)
_TO_CSV = "in Python: `pandas.read_parquet({python}).to_csv('table.csv', index=False)`"
_THEN_INVENTORY = (
    "then make an inventory of that with `ctc inventory csv table.csv --event-id COLUMN"
    " --image COLUMN --label COLUMN --output inventory.parquet`"
)
_THEN_DATASET = "then a dataset with `ctc dataset inventory.parquet --output dataset`"
_GIVE: dict[Wanted, str] = {
    "inventory": "give the file that `ctc inventory` wrote",
    "dataset": "give the folder that `ctc dataset` wrote",
    "run": "a run is the folder that `ctc train` writes",
    "model": "a model is the .onnx file that `ctc export` writes",
    "predictions": "give the file that `ctc predict` wrote",
    "embeddings": "give the file that `ctc embed` wrote",
    "photos": "give photos, folders, a table or an inventory",
}
"""The next step where `_NEXT_STEPS` has none."""
_CHECKED_BY_READERS = {
    ("run.json", "run"),
    ("table", "predictions"),
    ("Parquet table", "predictions"),
    ("table", "photos"),
    ("inventory", "photos"),
    ("predictions", "photos"),
    ("photo", "photos"),
    ("folder", "photos"),
}
"""Pairs that may fit, or whose reader says more: which column is missing."""
_NEXT_STEPS: dict[tuple[Found, Wanted], str] = {
    ("table", "inventory"): f"make one of it with {_FROM_TABLE}",
    ("table", "dataset"): f"make an inventory of it with {_FROM_TABLE}, {_THEN_DATASET}",
    ("Parquet table", "inventory"): f"save it as CSV ({_TO_CSV}), {_THEN_INVENTORY}",
    ("Parquet table", "photos"): f"save it as CSV ({_TO_CSV}), which `ctc predict` reads",
    ("Parquet table", "dataset"): f"save it as CSV ({_TO_CSV}), {_THEN_INVENTORY}, {_THEN_DATASET}",
    ("folder", "inventory"): "make one with `ctc inventory {path} --output inventory.parquet`",
    ("folder", "dataset"): "it has no dataset.json, which `ctc dataset` writes last",
    ("folder", "run"): "it has no run.json; a run is the folder that `ctc train` writes",
    ("folder", "predictions"): "make predictions with `ctc predict MODEL {path}`",
    ("photo", "predictions"): "make predictions with `ctc predict MODEL {path}`",
    ("inventory", "dataset"): "make one of it with `ctc dataset {path} --output dataset`",
    ("inventory", "predictions"): "make predictions with `ctc predict MODEL {path}`",
    ("dataset", "inventory"): "give the inventory that the dataset was made of",
    ("dataset", "run"): "make one of it with `ctc train {path} --output run`",
    ("dataset", "model"): "make one with `ctc train {path} --output run` and"
    " `ctc export run --output model.onnx`",
    ("dataset", "predictions"): "evaluate a model on it with `ctc evaluate MODEL {path}`",
    ("dataset", "photos"): "evaluate a model on it with `ctc evaluate MODEL {path}`, or predict"
    " the photos or the inventory that it was made of",
    ("manifest", "dataset"): "give its folder, {folder}",
    ("run", "model"): "make one of it with `ctc export {path} --output model.onnx`",
    ("run", "dataset"): "give the dataset that it was trained on",
    ("run", "inventory"): "give the inventory of the photos",
    ("run", "predictions"): "make a model of it with `ctc export {path} --output model.onnx`,"
    " then predictions with `ctc predict model.onnx PHOTOS`",
    ("run.json", "model"): "make one with `ctc export {folder} --output model.onnx`",
    ("foreign model", "model"): "make one of it with `ctc import {path} --output model.onnx`",
    ("model", "run"): "give the folder that the model was exported from",
    ("model", "predictions"): "make predictions with `ctc predict {path} PHOTOS --output"
    " predictions.csv`",
    ("photo", "embeddings"): "make them with `ctc embed MODEL {path} --output embeddings.parquet`",
    ("folder", "embeddings"): "make them with `ctc embed MODEL {path} --output embeddings.parquet`",
    ("dataset", "embeddings"): "make them with `ctc embed MODEL {path} --output"
    " embeddings.parquet`",
    ("inventory", "embeddings"): "make them with `ctc embed MODEL {path} --output"
    " embeddings.parquet`",
    ("model", "embeddings"): "make them with `ctc embed {path} PHOTOS --output embeddings.parquet`",
    ("embeddings", "model"): "give the .onnx file that made them",
    ("embeddings", "inventory"): "give the inventory of the photos",
    ("predictions", "model"): "give the .onnx file that made them",
    ("predictions", "dataset"): "compare them with an inventory by `--truth INVENTORY`",
    ("predictions", "inventory"): "give the labels of a person, as `ctc inventory` writes them, or"
    " list photos without labels by `ctc inventory folders PHOTOS --unlabelled --location-from"
    " folder --time-from-exif --output inventory.parquet`",
}


def describe_other_kind(path: Path, wanted: Wanted) -> str | None:
    """Return a message if `path` is not what is `wanted` but something known: what, next step.

    None if the path does not exist, is remote, is not recognised, or is of the wanted kind.
    """
    found = recognize_kind(path)
    if found is None or found == wanted or (found, wanted) in _CHECKED_BY_READERS:
        return None
    step = _NEXT_STEPS.get((found, wanted), _GIVE[wanted]).format(
        path=shlex.quote(str(path)),
        folder=shlex.quote(str(path.parent)),
        python=repr(str(path)),
    )
    return f"'{path}' is {_NAMES[found]}, not {_NAMES[wanted]}: {step}"


def recognize_kind(path: Path) -> Found | None:
    """Return what a local path holds, by its name and the beginning of its content."""
    if is_remote(path) or not path.exists():
        return None
    if path.is_dir():
        return next((kind for name, kind in _MARKERS.items() if (path / name).is_file()), "folder")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _parquet_kind(path)
    if suffix in _TABLES:
        return _text_kind(path)
    return _MANIFESTS.get(path.name) or _suffix_kind(suffix)


def _suffix_kind(suffix: str) -> Found | None:
    if suffix == ".onnx":
        return "model"
    if suffix in _PHOTOS:
        return "photo"
    return "foreign model" if suffix in _FOREIGN_MODELS else None


def _text_kind(path: Path) -> Literal["predictions", "table", "text"]:
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES).partition(b"\n")[0]
    if _PREDICTION_COLUMN.encode() in header:
        return "predictions"
    has_columns = any(delimiter in header for delimiter in _DELIMITERS)
    return "table" if has_columns or path.suffix.lower() != ".txt" else "text"


def _parquet_kind(
    path: Path,
) -> Literal["inventory", "predictions", "embeddings", "Parquet table"] | None:
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
    if EMBEDDINGS_KEY.encode() in (schema.metadata or {}):
        return "embeddings"
    return "inventory" if b"ctc" in (schema.metadata or {}) else "Parquet table"
