"""`ctc doctor` as a whole, with a TensorFlow that takes its process down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


def doctor(stubs: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*CTC, "doctor", "--seconds", "0.1", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(stubs), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def examined(
    tmp_path_factory: pytest.TempPathFactory, red_model: Path
) -> subprocess.CompletedProcess[str]:
    stubs = tmp_path_factory.mktemp("stubs")
    (stubs / "keras.py").write_text(CRASH)
    return doctor(stubs, tmp_path_factory.mktemp("folder"), "--model", red_model, "--json")


@pytest.fixture(scope="module")
def findings(examined: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    document = json.loads(examined.stdout)
    assert (document["format"], document["format_version"]) == ("ctc-doctor", 1)
    return {found.pop("check"): found for found in document["findings"]}


def test_a_machine_that_predicts_is_well(examined) -> None:
    assert (examined.returncode, examined.stderr) == (0, "")
    assert json.loads(examined.stdout)["prediction_works"] is True


def test_a_crash_is_a_line(findings) -> None:
    assert findings["tensorflow"]["status"] == "failed"
    assert "was ended by SIGSEGV" in findings["tensorflow"]["text"]


@pytest.mark.parametrize(
    "check", ["ctc", "system", "processor", "memory", "extra cpu", "plugins", "pictures", "folder"]
)
def test_what_is_there_is_found(findings, check: str) -> None:
    assert findings[check]["status"] == "ok", findings[check]


def test_an_extra_that_is_missing_says_how_to_get_it(findings) -> None:
    assert findings["extra mlflow"]["status"] == "absent"
    assert "pip install 'camera-trap-classifier[mlflow]'" in findings["extra mlflow"]["text"]


def test_speeds_are_measured(findings) -> None:
    assert findings["provider cpu"]["status"] == "ok"
    assert findings["loading"]["values"]["photos_per_second"] > 0
    predicting = findings["predicting"]
    assert (predicting["values"]["network"], predicting["status"]) == ("model.onnx", "ok")
    assert "your 1 million photos about " in predicting["text"]


def test_nothing_private_is_printed(examined) -> None:
    said = examined.stdout
    assert not any(
        folder in said
        for folder in (str(Path.home()) + os.sep, str(Path.cwd()), sys.prefix, "pytest-")
    )


def test_a_machine_that_can_not_predict_is_told_why(tmp_path) -> None:
    for name in ("keras", "onnxruntime"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not here')")
    done = doctor(tmp_path, tmp_path / "nowhere", "--paths")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "prediction does not work here")
    assert (
        f"FAIL folder            no such file or directory: '{tmp_path / 'nowhere'}'" in done.stdout
    )
    assert (
        "FAIL predicting        ctc predict needs packages that are not installed: pip install"
        in done.stdout
    )
    assert "FAIL tensorflow        not here" in done.stdout
