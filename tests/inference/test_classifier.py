from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ctc
from ctc.artifacts.predictions import Failure
from ctc.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
RED = 1 / (1 + np.exp(-1))


def test_classifier_predicts_paths(model, draw, tmp_path) -> None:
    photos = [draw("red.png"), tmp_path / "gone.jpg"]
    events, failures = ctc.load_model(model).predict(photos)
    assert failures == [Failure(str(photos[1]), "no such file or directory")]
    assert events[0].id == str(photos[0])
    assert events[0].top("species") == ("fox", pytest.approx(RED))


def test_classifier_predicts_events_by_id(model, draw) -> None:
    photos = {
        "1": [draw("red.png"), str(draw("blue.png", (0, 0, 255)))],
        "2": [draw("green.png", (0, 255, 0))],
    }
    first, second = ctc.load_model(str(model)).predict(photos, aggregation="max").events
    assert [len(event.images) for event in (first, second)] == [2, 1]
    assert first.probabilities["species"] == pytest.approx([RED, RED])


def test_classifier_info_has_labels(model) -> None:
    assert ctc.load_model(model).info.labels == {"species": ("fox", "wolf"), "count": ("1", "2+")}


def test_load_model_options_apply_to_predictions(model, draw) -> None:
    classifier = ctc.load_model(model, threshold=0.9, threads=1, batch_size=3, provider="cpu")
    assert classifier.predict([draw("red.png")]).events[0].top("species") == (
        "unknown",
        pytest.approx(RED),
    )


def test_classifier_suggests_nearest_aggregation(model, draw) -> None:
    with pytest.raises(Exception, match="did you mean 'mean'"):
        ctc.load_model(model).predict([draw("red.png")], aggregation="maen")


def test_load_model_refuses_missing_file(tmp_path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        ctc.load_model(tmp_path / "model.onnx")


@pytest.mark.subprocess
def test_import_ctc_imports_nothing_heavy() -> None:
    code = (
        "import sys, ctc; ctc.load_model\n"
        "heavy = {'numpy', 'cv2', 'PIL', 'onnxruntime', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


@pytest.mark.subprocess
def test_readme_lines_run_with_onnxruntime_and_pillow_alone(model, draw, tmp_path) -> None:
    Image.new("RGB", (24, 16), (255, 0, 0)).save(tmp_path / "photo.jpg")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = next(
        code
        for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        if "onnxruntime" in code
    )
    lines = re.sub(r'"[^"]*\.onnx"', json.dumps(str(model)), lines)
    lines = re.sub(r'"[^"]*\.JPG"', json.dumps(str(tmp_path / "photo.jpg")), lines)
    hide = "import sys; sys.modules.update(dict.fromkeys(('ctc', 'cv2', 'tensorflow'), None))\n"
    done = subprocess.run(
        [sys.executable, "-c", hide + lines],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ast.literal_eval(done.stdout or done.stderr) == pytest.approx(
        {"fox": RED, "wolf": 1 - RED}, abs=2e-3
    )
