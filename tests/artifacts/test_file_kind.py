"""Errors about a path of another kind."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ctc.artifacts import file_kind
from ctc.artifacts.dataset import MANIFEST, Dataset
from ctc.artifacts.file_kind import describe_other_kind, recognize_kind
from ctc.artifacts.inventory import Inventory
from ctc.artifacts.run import RUN_FILE, Run
from ctc.errors import UsageError
from ctc.runtime.model_bytes import read_model


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """A folder with one thing of each kind."""
    (tmp_path / "table.csv").write_text("file,species\na.jpg,fox\n")
    (tmp_path / "p.csv").write_text("id,label,predictions_all\n")
    (tmp_path / "m.onnx").write_bytes(b"onnx")
    (tmp_path / "a.JPG").write_bytes(b"jpeg")
    (tmp_path / "notes.txt").write_text("we saw a fox")
    (tmp_path / "theirs.keras").write_bytes(b"keras")
    for name, marker in (("dataset", MANIFEST), ("run", RUN_FILE), ("photos", "a.jpg")):
        (tmp_path / name).mkdir()
        (tmp_path / name / marker).write_text("{}")
    rows = pa.table({"event_id": ["a"], "images": [["a.jpg"]], "species": ["fox"]})
    Inventory(rows, ("species",), tmp_path).write(tmp_path / "i.parquet")
    pq.write_table(rows, tmp_path / "plain.parquet")
    pq.write_table(pa.table({"predictions_all": ["{}"]}), tmp_path / "p.parquet")
    return tmp_path


def test_recognize_kind_of_each(things: Path) -> None:
    assert {path.name: recognize_kind(path) for path in things.iterdir()} == {
        "table.csv": "table",
        "p.csv": "predictions",
        "m.onnx": "model",
        "a.JPG": "photo",
        "notes.txt": "text",
        "theirs.keras": "foreign model",
        "dataset": "dataset",
        "run": "run",
        "photos": "folder",
        "i.parquet": "inventory",
        "plain.parquet": "Parquet table",
        "p.parquet": "predictions",
    }
    assert set(file_kind._MARKERS) == {MANIFEST, RUN_FILE}


READERS = {
    "dataset": lambda path: Dataset.read(path),
    "inventory": lambda path: Inventory.read(path),
    "run": lambda path: Run(path).read(),
    "model": lambda path: read_model(path),
}


@pytest.mark.parametrize(
    ("name", "wanted", "message"),
    [
        (
            "table.csv",
            "dataset",
            ("'{path}' is a table, not a dataset: make an inventory of it with"
            " `ctc inventory csv {path} --event-id COLUMN --image COLUMN --label COLUMN"
            " --output inventory.parquet`, then a dataset with"
            " `ctc dataset inventory.parquet --output dataset`"),
        ),
        (
            "table.csv",
            "inventory",
            ("'{path}' is a table, not an inventory: make one of it with"
            " `ctc inventory csv {path} --event-id COLUMN --image COLUMN --label COLUMN"
            " --output inventory.parquet`"),
        ),
        (
            "plain.parquet",
            "inventory",
            ("'{path}' is a Parquet file that ctc did not write, not an inventory: save it as CSV"
            " (in Python: `pandas.read_parquet('{path}').to_csv('table.csv', index=False)`), then"
            " make an inventory of that with `ctc inventory csv table.csv --event-id COLUMN"
            " --image COLUMN --label COLUMN --output inventory.parquet`"),
        ),
        (
            "i.parquet",
            "dataset",
            ("'{path}' is an inventory, not a dataset: make one of it with"
            " `ctc dataset {path} --output dataset`"),
        ),
        (
            "dataset",
            "inventory",
            ("'{path}' is a dataset, not an inventory: give the inventory that the dataset was"
            " made of"),
        ),
        (
            "run",
            "model",
            ("'{path}' is a run of `ctc train`, not a model: make one of it with"
            " `ctc export {path} --output model.onnx`"),
        ),
        ("photos", "dataset", ("'{path}' is a folder, not a dataset: it has no dataset.json, which"
         " `ctc dataset` writes last")),
        ("a.JPG", "dataset", ("'{path}' is a photo, not a dataset: give the folder that"
         " `ctc dataset` wrote")),
        ("a.JPG", "model", ("'{path}' is a photo, not a model: a model is the .onnx file that"
         " `ctc export` writes")),
        ("dataset/dataset.json", "dataset", ("'{path}' is the manifest of a dataset, not a"
         " dataset: give its folder, {folder}")),
        ("nothing", "dataset", "dataset '{path}' does not exist: make one with `ctc dataset`"),
        ("nothing", "run", "run '{path}' does not exist: make one with `ctc train`"),
        ("m.onnx", "run", ("'{path}' is a model, not a run of `ctc train`: give the folder that"
         " the model was exported from")),
    ],
)  # fmt: skip
def test_describe_other_kind_names_the_command(
    things: Path, name: str, wanted: str, message: str
) -> None:
    path = things / name
    with pytest.raises(UsageError) as found:
        READERS[wanted](path)
    assert str(found.value) == message.format(path=path, folder=path.parent)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dataset", "is a dataset, not photos to predict: evaluate a model on it with"),
        ("run", "is a run of `ctc train`, not photos to predict: give photos, folders, a table"),
        ("m.onnx", "is a model, not photos to predict"),
        ("theirs.keras", "is a model file of another program, not photos to predict"),
        ("photos", None),
        ("plain.parquet", "is a Parquet file that ctc did not write, not photos to predict: save"),
        ("i.parquet", None),
        ("table.csv", None),
        ("a.JPG", None),
    ],
)
def test_describe_other_kind_of_a_source_of_photos(
    things: Path, name: str, message: str | None
) -> None:
    found = describe_other_kind(things / name, "photos")
    assert found is None if message is None else message in (found or "")


def test_describe_other_kind_is_silent_for_the_wanted_kind(things: Path) -> None:
    assert describe_other_kind(things / "dataset", "dataset") is None
    assert describe_other_kind(things / "nothing", "dataset") is None
