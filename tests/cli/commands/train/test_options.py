from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path

import click
import pytest

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.cli.commands.train.command import command
from ctc.cli.commands.train.options import provided_options
from ctc.cli.main import run
from ctc.errors import UsageError
from ctc.training.config import TrainingConfig

NEEDED = ["data", "--output", "run", "--backbone", "small_cnn", "--label", "species"]


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
        (["--mixup", "0.2"], "mixup", 0.2),
        (["--logit-adjustment", "1"], "logit_adjustment", 1.0),
        (["--layer-decay", "0.8"], "layer_decay", 0.8),
        (["--ema", "0.99"], "ema", 0.99),
        (["--teacher", "m.onnx"], "teacher", "m.onnx"),
        (["--teacher-weight", "0.9"], "teacher_weight", 0.9),
        (["--teacher-temperature", "4"], "teacher_temperature", 4.0),
        (["--cutmix", "1"], "cutmix", 1.0),
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
        (["--optimizer", "sgd"], "optimizer", "sgd"),
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
        (["--randaugment", "2"], "randaugment", 2),
        (["--randaugment-magnitude", "9"], "randaugment_magnitude", 9.0),
        (["--random-erasing", "0.25"], "random_erasing", 0.25),
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
def test_option_sets_its_field_and_no_other(arguments, name, value):
    assert _parsed(*NEEDED, *arguments) == replace(_parsed(*NEEDED), **{name: value})
    assert _parsed(*NEEDED) != _parsed(*NEEDED, *arguments)


def test_options_default_to_training_config():
    assert _parsed(*NEEDED) == TrainingConfig("data", "run", "small_cnn", ("species",))


def test_options_cover_every_field():
    of_plugins = {"backbone_options", "loader_options"}
    assert {one.name for one in fields(TrainingConfig)} - of_plugins <= {
        parameter.name for parameter in command.params
    }


@pytest.mark.parametrize("text", ["species", "species=", "species=two"])
def test_label_weight_rejects_other_than_a_number(text):
    with pytest.raises(UsageError, match=r"is not LABEL=NUMBER"):
        _parsed(*NEEDED, "--label-weight", text)


@pytest.mark.parametrize(
    "arguments",
    [["--crop", "0.6"], ["--optimizer", "adam"], ["--epochs", "0"], ["--learning-rate", "0"]],
)
def test_options_reject_value_out_of_range(arguments):
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
        mixup=0.3,
        cutmix=0.4,
        teacher="gone.onnx",
        teacher_weight=0.7,
        teacher_temperature=5.0,
        logit_adjustment=0.5,
        layer_decay=0.9,
        ema=0.95,
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
    taken = replace(config, mlflow=False, hosts=1, host_index=0, coordinator=None)
    return Run(tmp_path / "earlier").info_path, taken


def test_config_option_reads_every_option_of_a_run_that_connects_nowhere(earlier, capsys):
    path, config = earlier
    assert _parsed("--config", str(path)) == config
    assert capsys.readouterr().err == (
        "not taken from the run: --hosts, --host-index, --coordinator, --mlflow; "
        "give them again where you want them\n"
    )


def test_config_option_refuses_another_file(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("image,species\n")
    with pytest.raises(UsageError, match=r"give --config a \.toml file or the run\.json of a run"):
        _parsed(*NEEDED, "--config", str(path))


@pytest.mark.parametrize("option", ["--resume", "--config"])
def test_options_that_connect_are_taken_from_the_command_line(earlier, option):
    path, _ = earlier
    typed = ("--hosts", "2", "--host-index", "1", "--coordinator", "here:1", "--mlflow")
    parsed = _parsed(option, str(path), *typed)
    assert (parsed.hosts, parsed.host_index, parsed.coordinator) == (2, 1, "here:1")
    assert parsed.mlflow


def test_command_line_takes_precedence_over_a_run(earlier):
    path, config = earlier
    parsed = _parsed("here", "--config", str(path), "--seed", "6", "--flip", "--output", "new")
    assert parsed == replace(config, dataset="here", seed=6, flip=True, output="new")


def test_provided_options_drop_values_of_a_dropped_label(earlier):
    path, config = earlier
    assert _parsed("--config", str(path), "--label", "species") == replace(
        config, labels=("species",), label_weights={}, multi_label=(), sampling_label=None
    )


def test_provided_options_keep_typed_label_weight(earlier):
    path, _ = earlier
    parsed = _parsed("--config", str(path), "--label", "species", "--label-weight", "cuont=2")
    assert parsed.label_weights == {"cuont": 2.0}


def test_from_option_sets_default_backbone(earlier):
    path, _ = earlier
    needed = ["data", "--output", "run", "--label", "species", "--from", str(path.parent)]
    assert (_parsed(*needed).backbone, _parsed(*needed, "--backbone", "other").backbone) == (
        "resnet18",
        "other",
    )


def test_resume_option_reads_every_option_and_the_folder(earlier):
    path, config = earlier
    assert _parsed("--resume", str(path.parent), "--epochs", "99") == replace(
        config, epochs=99, output=str(path.parent)
    )


def test_config_option_run_takes_precedence_over_settings_file(earlier, tmp_path, capsys):
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
