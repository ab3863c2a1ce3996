"""`ctc doctor` as a whole, with a TensorFlow that crashes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]
CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


def doctor(stubs: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*CTC, "doctor", "--seconds", "0.1", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(stubs), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def completed(
    tmp_path_factory: pytest.TempPathFactory, red_model: Path
) -> subprocess.CompletedProcess[str]:
    stubs = tmp_path_factory.mktemp("stubs")
    (stubs / "keras.py").write_text(CRASH)
    return doctor(stubs, tmp_path_factory.mktemp("folder"), "--model", red_model, "--json")


@pytest.fixture(scope="module")
def findings(completed: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    document = json.loads(completed.stdout)
    assert (document["format"], document["format_version"]) == ("ctc-doctor", 1)
    return {found.pop("check"): found for found in document["findings"]}


def test_run_checks_reports_that_prediction_works(completed) -> None:
    assert (completed.returncode, completed.stderr) == (0, "")
    assert json.loads(completed.stdout)["prediction_works"] is True


def test_run_checks_reports_a_crash(findings) -> None:
    assert findings["tensorflow"]["status"] == "failed"
    assert "was killed by SIGSEGV" in findings["tensorflow"]["text"]


@pytest.mark.parametrize(
    "check", ["ctc", "system", "processor", "memory", "extra cpu", "plugins", "pictures", "folder"]
)
def test_run_checks_finds_what_is_installed(findings, check: str) -> None:
    assert findings[check]["status"] == "ok", findings[check]


def test_run_checks_says_how_to_install_a_missing_extra(findings) -> None:
    assert findings["extra mlflow"]["status"] == "absent"
    assert "pip install 'camera-trap-classifier[mlflow]'" in findings["extra mlflow"]["text"]


def test_run_checks_measures_speeds(findings) -> None:
    assert findings["provider cpu"]["status"] == "ok"
    assert findings["loading"]["values"]["photos_per_second"] > 0
    predicting = findings["predicting"]
    assert (predicting["values"]["network"], predicting["status"]) == ("model.onnx", "ok")
    assert ": 1 million photos take about " in predicting["text"]


def test_doctor_prints_nothing_private(completed) -> None:
    output = completed.stdout
    assert not any(
        folder in output
        for folder in (str(Path.home()) + os.sep, str(Path.cwd()), sys.prefix, "pytest-")
    )


def test_doctor_says_why_prediction_does_not_work(tmp_path) -> None:
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
