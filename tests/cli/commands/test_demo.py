"""`ctc demo`: a small demo runs to the end; other folders are left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.demo.tour import MARKER_FILE, OUTPUT_NAMES, prepare_folder
from ctc.errors import OutputExistsError


@pytest.mark.slow
@pytest.mark.subprocess
def test_demo_runs_the_full_pipeline(tmp_path: Path) -> None:
    small = ["--locations", "4", "--events", "16", "--epochs", "1"]
    command = [
        sys.executable,
        "-c",
        "from ctc.cli import main; main()",
        "demo",
        "--output",
        str(tmp_path / "my demo"),
        *small,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "accuracy on the test split" in done.stdout
    assert "species of animals alone" in done.stdout
    assert (tmp_path / "my demo" / "crops-run" / "test.json").exists()
    assert "$ ctc export" in done.stderr
    assert {entry.name for entry in (tmp_path / "my demo").iterdir()} <= {
        *OUTPUT_NAMES,
        MARKER_FILE,
    }
    assert (tmp_path / "my demo" / "model.onnx").stat().st_size > 100_000
    report = tmp_path / "my demo" / "evaluation" / "report.html"
    assert str(report) in done.stdout.splitlines()[-1]
    assert "Method: Grad-CAM" in report.read_text(encoding="utf-8")


def test_demo_checks_its_extras_before_it_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ctc.errors.find_spec", lambda name: None if name == "tf2onnx" else name)
    assert run(["demo", "--output", str(tmp_path / "demo")]) == 1
    assert "ctc demo needs" in (message := capsys.readouterr().err)
    assert "pip install 'camera-trap-classifier[cpu,train]'" in message
    assert not (tmp_path / "demo").exists()


def test_prepare_folder_replaces_demo_only_with_overwrite(tmp_path: Path) -> None:
    prepare_folder(tmp_path, overwrite=False)
    (tmp_path / "labels.csv").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutputExistsError, match="--overwrite"):
        prepare_folder(tmp_path, overwrite=False)
    prepare_folder(tmp_path, overwrite=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [MARKER_FILE, "notes.txt"]


def test_prepare_folder_never_touches_other_photos(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "precious.jpg").touch()
    with pytest.raises(OutputExistsError, match="not a demo's folder"):
        prepare_folder(tmp_path, overwrite=True)
    assert (tmp_path / "photos" / "precious.jpg").exists()
