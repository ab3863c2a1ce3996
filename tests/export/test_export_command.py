"""The command `ctc export`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import onnx
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.cli.main import run as ctc
from ctc.training.distributed.backend import LOG_LEVEL

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    ),
]


def test_export_command_writes_a_model_and_nothing_on_stdout(run, tmp_path) -> None:
    output = tmp_path / "model.onnx"
    # JAX sets it in the process of the tests, and the command hides log lines unless it is set
    environment = {key: value for key, value in os.environ.items() if key != LOG_LEVEL}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ctc.cli import main; main()",
            "export",
            str(run.folder),
            "--output",
            str(output),
        ],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(f"'{output}': 1.0 MB")
    assert "parity on 6 photos of 'test': max abs difference " in lines[1]
    assert lines[2].startswith("  species: same class for 100.0%; accuracy ")
    info = ModelInfo.from_metadata(
        {entry.key: entry.value for entry in onnx.load(output).metadata_props}
    )
    assert info.provenance["backbone"] == "small_cnn"


def test_export_command_refuses_an_existing_output_without_overwrite(run, tmp_path, capsys) -> None:
    output = tmp_path / "model.onnx"
    output.write_text("mine")
    assert ctc(["export", str(run.folder), "--output", str(output)]) == 2
    assert "exists already: choose another --output or add --overwrite" in capsys.readouterr().err
    assert output.read_text() == "mine"
    assert ctc(["export", str(run.folder), "--output", str(output), "--overwrite"]) == 0
    onnx.checker.check_model(output)


def test_export_command_refuses_a_folder_as_output(run, tmp_path, capsys) -> None:
    assert ctc(["export", str(run.folder), "--output", str(tmp_path), "--overwrite"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_export_command_refuses_a_name_without_the_suffix(run, tmp_path, capsys) -> None:
    assert ctc(["export", str(run.folder), "--output", str(tmp_path / "model")]) == 2
    assert "use --output 'model.onnx'" in capsys.readouterr().err


def test_export_command_refuses_a_folder_that_is_no_run(tmp_path, capsys) -> None:
    assert ctc(["export", str(tmp_path), "--output", str(tmp_path / "model.onnx")]) == 2
    assert "is a folder, not a run of `ctc train`: it has no run.json" in capsys.readouterr().err


def test_export_command_takes_the_folder_of_a_moved_dataset(run, tmp_path, capsys) -> None:
    (tmp_path / "dataset").rename(tmp_path / "moved")
    arguments = ["export", str(run.folder), "--output", str(tmp_path / "model.onnx")]
    assert ctc(arguments) == 2
    assert "does not exist: give its folder with --dataset" in capsys.readouterr().err
    assert ctc([*arguments, "--dataset", str(tmp_path / "moved")]) == 0


def test_export_command_reports_missing_weights_and_leaves_nothing(run, tmp_path, capsys) -> None:
    run.best_weights.unlink()
    assert ctc(["export", str(run.folder), "--output", str(tmp_path / "model.onnx")]) == 1
    assert "best.weights.npz' is missing" in capsys.readouterr().err
    assert not (tmp_path / "model.onnx").exists()
    shutil.rmtree(run.folder)


def test_export_command_reports_quantized_layers(run, tmp_path, capsys) -> None:
    output = tmp_path / "model.onnx"
    assert (
        ctc(
            [
                "export",
                str(run.folder),
                "--output",
                str(output),
                "--precision",
                "int8",
                "--min-agreement",
                "0.5",
            ]
        )
        == 0
    )
    assert "4 of 6 layers in 8 bits" in capsys.readouterr().err
    info = ModelInfo.from_metadata(
        {entry.key: entry.value for entry in onnx.load(output).metadata_props}
    )
    assert info.provenance["precision"] == "int8"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--calibration-photos", "9"], "--calibration-photos is for int8, not 'float32'"),
        (["--precision", "int4"], "'int4' is not one of"),
        (["--min-agreement", "1.5"], "1.5 is not in the range"),
        (["--precision", "int8", "--calibration-photos", "0"], "0 is not in the range"),
    ],
)
def test_export_command_refuses_bad_options_first(tmp_path, capsys, options, complaint) -> None:
    assert ctc(["export", str(tmp_path), "--output", str(tmp_path / "model.onnx"), *options]) == 2
    assert complaint in capsys.readouterr().err
