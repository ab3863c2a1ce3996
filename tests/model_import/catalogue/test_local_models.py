"""Model files on this machine, listed by their metadata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import UsageError
from ctc.model_import.catalogue.local_models import copies_by_place, find_local_models
from ctc.model_import.catalogue.model_list import read_list

LABELS = {"species": ("fox", "wolf"), "count": ("1", "2+")}


def test_find_local_models_tells_kinds_and_faults(
    build_model: Callable[..., Path], tmp_path: Path
) -> None:
    build_model("b.onnx", features=True)
    build_model("a.ONNX")
    build_model("foreign.onnx", metadata={})
    build_model("older.onnx", metadata={"ctc_format_version": "1"})
    (tmp_path / "page.onnx").write_text("<html>")
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"")
    found = find_local_models([tmp_path, tmp_path])
    assert [(model.path.name, model.kind) for model in found] == [
        ("a.ONNX", "classifier"),
        ("b.onnx", "classifier and features"),
        ("foreign.onnx", "unknown"),
        ("older.onnx", "unknown"),
        ("page.onnx", "unknown"),
    ]
    faults = [model.fault for model in found]
    assert faults[:2] == ["", ""]
    assert faults[2] == "of another program: see `ctc import --help`"
    assert faults[3].startswith("it is not a model file of ctc, its metadata has no 'labels'")
    assert faults[4].startswith("it is not an ONNX file")


def test_find_local_models_lists_a_folder_once_where_it_is_first(
    build_model: Callable[..., Path], tmp_path: Path
) -> None:
    build_model("z.onnx")
    (tmp_path / "more").mkdir()
    build_model("more/a.onnx")
    found = find_local_models([tmp_path, tmp_path / "more", tmp_path / "more" / ".."])
    assert [model.path.name for model in found] == ["z.onnx", "a.onnx"]


def test_find_local_models_in_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder '.*none' does not exist"):
        find_local_models([tmp_path / "none"])


def test_copies_by_place_knows_files_and_what_was_imported_from_them(
    entry: dict[str, Any], write_list: Any, build_model: Callable[..., Path], tmp_path: Path
) -> None:
    digest = "ab" * 32
    imported = {**entry, "name": "imported", "sha256": digest, "size": 5}
    unknown = {**entry, "name": "unknown", "sha256": None}
    found = read_list(write_list(entry, imported, unknown))
    about = ModelInfo(LABELS, Preprocessing(8, 12), source={"sha256": digest})
    made = build_model("mine.onnx", metadata=about.to_metadata())
    here = find_local_models([tmp_path])
    copies = copies_by_place(here, found)
    assert {name: model.path.name for name, model in copies.items()} == {
        "park-species": "model.onnx",
        "imported": made.name,
    }
