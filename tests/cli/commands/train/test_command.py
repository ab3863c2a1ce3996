from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ctc.cli.main import run

pytestmark = pytest.mark.tensorflow


QUICK = [
    "--loader",
    "tfdata",
    "--height",
    "16",
    "--width",
    "20",
    "--batch-size",
    "8",
    "--epochs",
    "1",
]


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_resume_rejects_model_file_of_another_program(tmp_path, capsys, name):
    (tmp_path / name).write_bytes(b"\x89HDF")
    assert run(["train", "--resume", str(tmp_path / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is not a run: loading it could run code from the file" in line


def test_resume_of_other_folder_is_one_error_line(tmp_path, capsys):
    assert run(["train", "--resume", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: '{tmp_path}' is a folder, not a run of `ctc train`")


def test_train_without_label_lists_labels(tiny_dataset, capsys):
    folder = str(tiny_dataset().folder)
    assert run(["train", folder, "--output", "run", "--backbone", "small_cnn"]) == 2
    assert "error: name at least one label with --label" in capsys.readouterr().err
    assert not Path("run").exists()


def test_train_on_missing_dataset_is_one_error_line(tmp_path, capsys):
    missing = str(tmp_path / "nowhere")
    assert (
        run(["train", missing, "--output", "run", "--backbone", "small_cnn", "--label", "species"])
        == 2
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"error: dataset '{missing}' does not exist: make one with `ctc dataset`"


def test_train_prints_test_accuracy(tiny_dataset, tmp_path, capsys):
    folder = str(tiny_dataset().folder)
    arguments = [
        folder,
        "--output",
        str(tmp_path / "run"),
        "--backbone",
        "small_cnn",
        "--label",
        "species",
    ]
    assert run(["train", *arguments, *QUICK]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("test accuracy of 'species': ")
    assert printed.out.endswith("(6 events, the first photo of each)\n")
    assert "epoch 1/1: loss " in printed.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["loader"] == "tfdata"


def test_dry_run_prints_plan_and_writes_nothing(tiny_dataset, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ctc.training.dry_run.MEASURED_SECONDS", 0.0)
    folder, output = str(tiny_dataset().folder), tmp_path / "run"
    arguments = [folder, "--output", str(output), "--backbone", "small_cnn", "--label", "species"]
    assert run(["train", *arguments, *QUICK, "--freeze", "backbone", "--dry-run"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == ["network", "labels", "dataset", "loader", "steps", "memory", "time"]
    assert lines["network"].startswith("small_cnn at 16×20: ")
    assert lines["network"].endswith(" parameters, 387 trainable")
    assert lines["labels"] == "species (3 classes)"
    assert lines["steps"] == "1 per epoch, each of 8 photos; at most 1 epoch: 1 step"
    assert re.fullmatch(r"about 0:00:\d\d per epoch with validation, measured .*", lines["time"])
    assert not output.exists()


def test_train_repeats_an_earlier_run(tiny_dataset, tmp_path):
    folder = str(tiny_dataset().folder)
    first, second = tmp_path / "first", tmp_path / "second"
    arguments = [
        folder,
        "--output",
        str(first),
        "--backbone",
        "small_cnn",
        "--label",
        "species",
        "--no-flip",
    ]
    assert run(["train", *arguments, *QUICK]) == 0
    assert run(["train", "--config", str(first / "run.json"), "--output", str(second)]) == 0
    losses = []
    for folder in (first, second):
        with (folder / "history.csv").open(newline="") as handle:
            losses.append([float(row["loss"]) for row in csv.DictReader(handle)])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_resume_continues_an_earlier_run(tiny_dataset, tmp_path, capsys):
    output = str(tmp_path / "run")
    arguments = [
        str(tiny_dataset().folder),
        "--output",
        output,
        "--backbone",
        "small_cnn",
        "--label",
        "species",
    ]
    assert run(["train", *arguments, *QUICK]) == 0
    assert run(["train", "--resume", output, "--epochs", "2"]) == 0
    told = capsys.readouterr().err
    assert told.count("epoch 1/") == 1
    assert "epoch 2/2: loss " in told


def test_help_imports_no_tensorflow():
    code = (
        "import sys; from ctc.cli.main import run; run(['train', '--help']);"
        "assert not {'tensorflow', 'keras', 'jax', 'h5py'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Example: ctc train dataset --output run" in done.stdout


@pytest.mark.parametrize(
    ("size", "shown"), [(["--height", "24"], "24×24"), (["--width", "20"], "20×20")]
)
def test_one_side_of_the_input_makes_a_square(
    tiny_dataset, tmp_path, capsys, monkeypatch, size, shown
):
    monkeypatch.setattr("ctc.training.dry_run.MEASURED_SECONDS", 0.0)
    arguments = [str(tiny_dataset().folder), "--output", str(tmp_path / "run"), *size]
    options = ["--backbone", "small_cnn", "--label", "species", "--batch-size", "8", "--dry-run"]
    assert run(["train", *arguments, *options, "--loader", "tfdata"]) == 0
    assert f"small_cnn at {shown}: " in capsys.readouterr().out


def test_train_interrupted_before_first_epoch_says_how_to_continue(
    tiny_dataset, tmp_path, capsys, monkeypatch
):
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctc.training.distributed.backend.start_backend", interrupt)
    output = tmp_path / "run"
    arguments = ["train", str(tiny_dataset().folder), "--output", str(output), "--label", "species"]
    assert run([*arguments, "--backbone", "small_cnn"]) == 130
    assert capsys.readouterr().err.splitlines() == [
        "run the same command again",
        "error: interrupted",
    ]
    assert not output.exists()


def test_train_finds_used_output_before_it_starts_keras(
    tiny_dataset, tmp_path, capsys, monkeypatch
):
    def fail(**_: object) -> None:
        raise AssertionError("Keras was started")

    monkeypatch.setattr("ctc.training.distributed.backend.start_backend", fail)
    (tmp_path / "file").touch()
    arguments = ["train", str(tiny_dataset().folder), "--label", "species"]
    output = str(tmp_path / "file" / "run")
    assert run([*arguments, "--backbone", "small_cnn", "--output", output]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"error: '{output}' can't be written: not a directory; choose another --output"


def test_train_dry_run_checks_weights_and_patiences(tiny_dataset, tmp_path, capsys):
    import keras

    images = keras.Input((16, 20, 3))
    network = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    network.save_weights(tmp_path / "other.weights.h5")
    arguments = ["train", str(tiny_dataset().folder), "--label", "species", "--output", "run"]
    weights = ["--weights", str(tmp_path / "other.weights.h5"), "--early-stopping-patience", "3"]
    assert run([*arguments, "--backbone", "small_cnn", *QUICK, *weights, "--dry-run"]) == 1
    warning, error = capsys.readouterr().err.splitlines()[-2:]
    assert "add --early-stopping-patience 4 or more" in warning
    assert "other.weights.h5' doesn't fit 'small_cnn': " in error
