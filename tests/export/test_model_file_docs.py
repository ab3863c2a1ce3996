"""`docs/model-file.md`, held against an exported file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from ctc.cli.main import run as ctc

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]

PAGE = (Path(__file__).parents[2] / "docs" / "model-file.md").read_text(encoding="utf-8")


@pytest.fixture
def exported(run, tmp_path, monkeypatch) -> onnx.ModelProto:
    """Write model.onnx and photo.jpg into the working directory."""
    monkeypatch.chdir(tmp_path)
    assert ctc(["export", str(run.folder), "--output", "model.onnx"]) == 0
    Image.fromarray(np.full((60, 80, 3), 120, np.uint8)).save("photo.jpg")
    return onnx.load("model.onnx")


def test_model_file_page_onnxruntime_example_prints_probabilities(exported, capsys) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(lines, {})
    assert re.fullmatch(
        r"\{'boar': [01]\.\d+, 'deer': [01]\.\d+, 'fox': [01]\.\d+\}\n", capsys.readouterr().out
    )


def test_model_file_page_names_every_metadata_key(exported) -> None:
    assert {entry.key for entry in exported.metadata_props} <= set(re.findall(r"`(\w+)`", PAGE))
    assert f"Opset {exported.opset_import[0].version}, IR {exported.ir_version}" in PAGE
