"""The name of a model file that a command is about to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.cli.options.model_output import check_model_output
from ctc.errors import OutputExistsError, UsageError


def test_check_model_output_takes_a_new_file_and_one_to_overwrite(tmp_path: Path) -> None:
    check_model_output(tmp_path / "model.onnx", overwrite=False)
    (tmp_path / "model.ONNX").touch()
    check_model_output(tmp_path / "model.ONNX", overwrite=True)
    with pytest.raises(OutputExistsError):
        check_model_output(tmp_path / "model.ONNX", overwrite=False)


@pytest.mark.parametrize("name", ["model", "model.v2", "model.onnx.gz"])
def test_check_model_output_wants_the_suffix(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"'{name}' can't be .* use --output '{name}\.onnx'$"):
        check_model_output(tmp_path / name, overwrite=True)


def test_check_model_output_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder: give --output the name of a file"):
        check_model_output(tmp_path, overwrite=True)


def test_calibrate_refuses_a_name_without_the_suffix_before_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["calibrate", "none.onnx", "none", "--output", "better"]) == 2
    assert capsys.readouterr().err.endswith("use --output 'better.onnx'\n")
