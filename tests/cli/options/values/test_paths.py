"""Checks of paths before any work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.cli.main import run

COMMANDS = {
    "evaluate": ["evaluate", "m.onnx", "dataset"],
    "calibrate": ["calibrate", "m.onnx", "dataset"],
    "report": ["report", "p.csv"],
    "export": ["export", "run"],
    "train": ["train", "dataset", "--backbone", "small_cnn"],
    "predict": ["predict", "m.onnx", "photos"],
    "dataset": ["dataset", "i.parquet"],
    "inventory": ["inventory", "folders", "photos"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is read-only everywhere")
def test_check_paths_refuses_unwritable_output_before_the_inputs_are_read(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*COMMANDS[name], "--output", "/proc/self/new/output"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: '/proc/self/new/output' can't be written: ")
    assert line.endswith("; choose another --output\n")
