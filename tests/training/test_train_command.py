from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import click
import pytest

from ctc.artifacts.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.cli.commands.train.command import command
from ctc.cli.commands.train.options import provided_options
from ctc.cli.main import run
from ctc.errors import UsageError
from ctc.training.config import TrainingConfig

NEEDED = ["data", "--output", "run", "--backbone", "small_cnn", "--label", "species"]
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


def _parsed(*arguments: str) -> TrainingConfig:
    with command.make_context("train", list(arguments)) as context:
        options = {
            name: value
            for name, value in context.params.items()
            if name not in ("dry_run", "overwrite", "resume")
        }
        return TrainingConfig(**provided_options(context, options))


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--label", "count"], "labels", ("species", "count")),
        (["--label-weight", "a=b=2"], "label_weights", {"a=b": 2.0}),
        (["--weights", "imagenet"], "weights", "imagenet"),
        (["--transfer", "last-layer"], "transfer", "last-layer"),
        (["--freeze", "until:conv2d_2"], "freeze", "until:conv2d_2"),
        (["--head-epochs", "2"], "head_epochs", 2),
        (["--loss", "focal"], "loss", "focal"),
        (["--label-smoothing", "0.1"], "label_smoothing", 0.1),
        (["--class-weights", "balanced"], "class_weights", "balanced"),
        (["--multi-label", "species"], "multi_label", ("species",)),
        (["--sampling", "balanced"], "sampling", "balanced"),
        (["--sampling-label", "species"], "sampling_label", "species"),
        (["--observation", "random"], "observation", "random"),
        (["--on-bad-record", "skip"], "on_bad_record", "skip"),
        (["--clip-norm", "2"], "clip_norm", 2.0),
        (["--schedule", "cosine"], "schedule", "cosine"),
        (["--warmup-epochs", "0.5"], "warmup_epochs", 0.5),
        (["--mixed-precision", "bfloat16"], "mixed_precision", "bfloat16"),
        (["--loader", "tfdata"], "loader", "tfdata"),
        (["--height", "64"], "height", 64),
        (["--width", "65"], "width", 65),
        (["--resize", "fit-crop"], "resize", "fit-crop"),
        (["--image-choice", "grayscale_stacking"], "image_choice", "grayscale_stacking"),
        (["--batch-size", "7"], "batch_size", 7),
        (["--epochs", "3"], "epochs", 3),
        (["--steps-per-epoch", "9"], "steps_per_epoch", 9),
        (["--optimizer", "adamw"], "optimizer", "adamw"),
        (["--learning-rate", "0.3"], "learning_rate", 0.3),
        (["--weight-decay", "0"], "weight_decay", 0.0),
        (["--early-stopping-patience", "4"], "early_stopping_patience", 4),
        (["--reduce-lr-patience", "5"], "reduce_lr_patience", 5),
        (["--reduce-lr-factor", "0.5"], "reduce_lr_factor", 0.5),
        (["--min-learning-rate", "0.1"], "min_learning_rate", 0.1),
        (["--color", "little"], "color", "little"),
        (["--crop", "0.2"], "crop", 0.2),
        (["--zoom", "0.3"], "zoom", 0.3),
        (["--rotate", "90"], "rotate", 90.0),
        (["--no-flip"], "flip", False),
        (["--threads", "3"], "threads", 3),
        (["--seed", "11"], "seed", 11),
        (["--deterministic"], "deterministic", True),
        (["--accumulate", "4"], "accumulate", 4),
        (["--checkpoint-minutes", "0.5"], "checkpoint_minutes", 0.5),
        (["--checkpoint-steps", "100"], "checkpoint_steps", 100),
        (["--tensorboard"], "tensorboard", True),
        (["--mlflow"], "mlflow", True),
        (["--devices", "2"], "devices", 2),
        (["--hosts", "3"], "hosts", 3),
        (["--host-index", "1"], "host_index", 1),
        (["--coordinator", "here:1234"], "coordinator", "here:1234"),
    ],
)
def test_an_option_sets_its_field_and_no_other(arguments, name, value):
    assert _parsed(*NEEDED, *arguments) == replace(_parsed(*NEEDED), **{name: value})
    assert _parsed(*NEEDED) != _parsed(*NEEDED, *arguments)


def test_defaults_are_those_of_the_config():
    assert _parsed(*NEEDED) == TrainingConfig("data", "run", "small_cnn", ("species",))


def test_every_field_has_its_option():
    assert {one.name for one in fields(TrainingConfig)} <= {
        parameter.name for parameter in command.params
    }


@pytest.mark.parametrize("text", ["species", "species=", "species=two"])
def test_a_label_weight_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match=r"is not LABEL=NUMBER"):
        _parsed(*NEEDED, "--label-weight", text)


@pytest.mark.parametrize(
    "arguments",
    [["--crop", "0.6"], ["--optimizer", "adam"], ["--epochs", "0"], ["--learning-rate", "0"]],
)
def test_a_value_out_of_range_is_refused(arguments):
    with pytest.raises(click.BadParameter):
        _parsed(*NEEDED, *arguments)


@pytest.fixture
def earlier(tmp_path) -> tuple[Path, TrainingConfig]:
    """The run.json of an earlier run, and its options, none of them the default."""
    config = TrainingConfig(
        dataset="elsewhere",
        output="earlier",
        backbone="resnet18",
        labels=("count", "species"),
        label_weights={"count": 0.5},
        multi_label=("count",),
        weights="imagenet",
        start_from="gone",
        transfer="all-layers",
        freeze="backbone",
        head_epochs=3,
        loss="focal",
        label_smoothing=0.2,
        class_weights="effective",
        sampling="balanced",
        sampling_label="count",
        observation="random",
        on_bad_record="skip",
        schedule="cosine",
        warmup_epochs=2.0,
        clip_norm=1.0,
        mixed_precision="float16",
        loader="tfdata",
        height=33,
        width=34,
        resize="fit-crop",
        image_choice="first",
        batch_size=9,
        epochs=8,
        steps_per_epoch=7,
        optimizer="rmsprop",
        learning_rate=0.02,
        weight_decay=0.0,
        early_stopping_patience=6,
        reduce_lr_patience=5,
        reduce_lr_factor=0.3,
        min_learning_rate=1e-7,
        color="none",
        crop=0.0,
        zoom=0.0,
        rotate=0.0,
        flip=False,
        threads=3,
        seed=5,
        deterministic=True,
        accumulate=3,
        checkpoint_minutes=2.0,
        checkpoint_steps=10,
        tensorboard=True,
        mlflow=True,
        devices=2,
        hosts=3,
        host_index=1,
        coordinator="here:1234",
    )
    info = RunInfo(
        config=config.to_json(),
        backbone="resnet18",
        labels={},
        preprocessing=Preprocessing(33, 34),
        channel_mean=(0, 0, 0),
        channel_std=(1, 1, 1),
        dataset={},
        seed=5,
    )
    Run(tmp_path / "earlier").write(info)
    return Run(tmp_path / "earlier").info_path, config


def test_an_earlier_run_gives_every_option(earlier):
    path, config = earlier
    assert _parsed("--config", str(path)) == config


def test_the_command_line_wins_over_an_earlier_run(earlier):
    path, config = earlier
    parsed = _parsed("here", "--config", str(path), "--seed", "6", "--flip", "--output", "new")
    assert parsed == replace(config, dataset="here", seed=6, flip=True, output="new")


def test_a_label_that_is_dropped_takes_along_what_was_said_of_it(earlier):
    path, config = earlier
    assert _parsed("--config", str(path), "--label", "species") == replace(
        config, labels=("species",), label_weights={}, multi_label=(), sampling_label=None
    )


def test_a_weight_that_was_typed_stays_to_be_checked(earlier):
    path, _ = earlier
    parsed = _parsed("--config", str(path), "--label", "species", "--label-weight", "cuont=2")
    assert parsed.label_weights == {"cuont": 2.0}


def test_the_backbone_is_that_of_the_run_to_begin_with(earlier):
    path, _ = earlier
    needed = ["data", "--output", "run", "--label", "species", "--from", str(path.parent)]
    assert (_parsed(*needed).backbone, _parsed(*needed, "--backbone", "other").backbone) == (
        "resnet18",
        "other",
    )


def test_going_on_takes_every_option_and_the_folder_itself(earlier):
    path, config = earlier
    assert _parsed("--resume", str(path.parent), "--epochs", "99") == replace(
        config, epochs=99, output=str(path.parent)
    )


@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_a_foreign_model_is_no_run_to_go_on_with(tmp_path, capsys, name):
    (tmp_path / name).write_bytes(b"\x89HDF")
    assert run(["train", "--resume", str(tmp_path / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is not a run: code in it could be run by loading it" in line


def test_a_folder_that_is_no_run_is_one_line(tmp_path, capsys):
    assert run(["train", "--resume", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "run.json' is not there" in line


def test_without_a_label_the_labels_are_listed(tiny_dataset, capsys):
    folder = str(tiny_dataset().folder)
    assert run(["train", folder, "--output", "run", "--backbone", "small_cnn"]) == 2
    assert "error: say what to learn with --label" in capsys.readouterr().err
    assert not Path("run").exists()


def test_a_dataset_that_is_not_there_is_one_line(tmp_path, capsys):
    missing = str(tmp_path / "nowhere")
    assert (
        run(["train", missing, "--output", "run", "--backbone", "small_cnn", "--label", "species"])
        == 2
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: '")
    assert "is not there" in line


def test_trains_and_prints_the_test_accuracy(tiny_dataset, tmp_path, capsys):
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
    assert printed.out.endswith("(6 photos)\n")
    assert "epoch 1/1: loss " in printed.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["loader"] == "tfdata"


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(tiny_dataset, tmp_path, capsys):
    folder, output = str(tiny_dataset().folder), tmp_path / "run"
    arguments = [folder, "--output", str(output), "--backbone", "small_cnn", "--label", "species"]
    assert run(["train", *arguments, *QUICK, "--freeze", "backbone", "--dry-run"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == ["network", "labels", "dataset", "loader", "steps", "memory"]
    assert lines["network"].startswith("small_cnn at 16×20: ")
    assert lines["network"].endswith(" parameters, 387 of them learn")
    assert lines["labels"] == "species (3 classes)"
    assert lines["steps"] == "1 of 8 photos an epoch, 1 epochs at most: 1"
    assert not output.exists()


def test_a_settings_file_gives_options_and_an_earlier_run_wins_over_it(earlier, tmp_path, capsys):
    path, config = earlier
    (tmp_path / "lab.toml").write_text(
        f"[train]\nlabel = 'x'\nfrom = '{path.parent.as_posix()}'\nseed = 9\n"
    )
    typed = ["train", "data", "--output", "run", "--config"]
    assert run([*typed, str(tmp_path / "lab.toml"), "--show-config"]) == 0
    from_file = tomllib.loads(capsys.readouterr().out)["train"]
    assert (from_file["label"], from_file["seed"], from_file["backbone"]) == (["x"], 9, "resnet18")
    assert run(["--config", str(tmp_path / "lab.toml"), *typed, str(path), "--show-config"]) == 0
    text = capsys.readouterr().out
    from_run = tomllib.loads(text)["train"]
    assert (from_run["label"], from_run["seed"]) == (["count", "species"], config.seed)
    assert "# earlier run" in text
    assert "lab.toml" not in text


def test_repeats_an_earlier_run(tiny_dataset, tmp_path):
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


def test_goes_on_with_an_earlier_run(tiny_dataset, tmp_path, capsys):
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


def test_the_log_of_tensorflow_is_kept_away():
    """In a new process, where TensorFlow has not been imported."""
    code = "from ctc.training.distributed.backend import start_backend; start_backend()"
    environ = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_help_needs_no_tensorflow():
    code = (
        "import sys; from ctc.cli.main import run; run(['train', '--help']);"
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Example: ctc train dataset --output run" in done.stdout


def test_keras_that_is_missing_is_an_extra_to_install(tmp_path):
    (tmp_path / "keras.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'keras'\", name='keras')"
    )
    code = "from ctc.training.distributed.backend import start_backend; start_backend()"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False
    )
    assert "pip install 'camera-trap-classifier[train]'" in done.stderr
