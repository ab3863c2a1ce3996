from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctc.artifacts.preprocessing import Preprocessing
from ctc.artifacts.run import Run, RunInfo
from ctc.errors import InputError, UsageError
from ctc.hardware import usable_cores
from ctc.training.config import TrainingConfig, read_config

CONFIG = TrainingConfig(
    "data", "run", "small_cnn", ("species", "count"), {"count": 0.5}, rotate=12.0, flip=False
)


def _write_run(folder: Path, config: dict[str, object]) -> None:
    info = RunInfo(
        config=config,
        backbone="small_cnn",
        labels={"species": ("boar", "deer")},
        preprocessing=Preprocessing(50, 50),
        channel_mean=(0.4, 0.4, 0.4),
        channel_std=(0.2, 0.2, 0.2),
        dataset={"path": "data", "fingerprint": "f"},
        seed=0,
    )
    Run(folder).write(info)


def test_comes_back_from_json():
    assert TrainingConfig.from_json(json.loads(json.dumps(CONFIG.to_json()))) == CONFIG


def test_an_option_of_a_newer_ctc_is_refused():
    with pytest.raises(InputError, match="no training option called 'mixup'"):
        TrainingConfig.from_json({**CONFIG.to_json(), "mixup": 1})


def test_a_missing_option_is_refused():
    with pytest.raises(InputError, match="incomplete"):
        TrainingConfig.from_json({"labels": [], "label_weights": {}})


def test_resolving_leaves_nothing_open():
    resolved = CONFIG.resolve((64, 48), "tfdata")
    assert (resolved.height, resolved.width, resolved.loader) == (64, 48, "tfdata")
    assert (resolved.learning_rate, resolved.weight_decay, resolved.threads) == (
        0.01,
        0.0001,
        usable_cores(),
    )
    assert Path(resolved.dataset).is_absolute()
    assert resolved.resolve((1, 1), "tfdata") == resolved


@pytest.mark.parametrize(
    ("optimizer", "rate", "decay"),
    [("sgd", 0.01, 1e-4), ("rmsprop", 0.001, 1e-4), ("adamw", 0.001, 0.01)],
)
def test_each_optimizer_has_its_rate_and_decay(optimizer, rate, decay):
    resolved = TrainingConfig("d", "r", "b", ("l",), optimizer=optimizer).resolve((1, 1), "x")
    assert (resolved.learning_rate, resolved.weight_decay) == (rate, decay)


def test_a_rate_that_was_given_stays():
    resolved = TrainingConfig("d", "r", "b", ("l",), learning_rate=0.5, weight_decay=0.0).resolve(
        (1, 1), "x"
    )
    assert (resolved.learning_rate, resolved.weight_decay) == (0.5, 0.0)


def test_stacked_photos_keep_their_colors():
    config = TrainingConfig(
        "d", "r", "b", ("l",), image_choice="grayscale_stacking", color="full_fast"
    )
    assert config.resolve((1, 1), "x").color == "none"


def test_augmentation_follows_the_options():
    config = TrainingConfig(
        "d", "r", "b", ("l",), color="little", crop=0.2, zoom=0.3, rotate=9.0, flip=False
    )
    made = config.augmentation()
    assert (made.color, made.crop, made.zoom, made.rotate, made.flip) == (
        "little",
        0.2,
        0.3,
        9.0,
        False,
    )


def test_keeping_the_aspect_reaches_the_augmentation():
    assert TrainingConfig("d", "r", "b", ("l",), resize="fit-crop").augmentation().preserve_aspect


@pytest.mark.parametrize("given", ["run", "run/run.json"])
def test_options_are_read_from_a_run(tmp_path, given):
    _write_run(tmp_path / "run", CONFIG.to_json())
    assert read_config(tmp_path / given)[0] == CONFIG


def test_a_file_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"give the 'run\.json' of a run"):
        read_config(tmp_path / "other.json")


def test_a_damaged_option_names_the_file(tmp_path):
    _write_run(tmp_path, {**CONFIG.to_json(), "mixup": 1})
    with pytest.raises(InputError, match=r"run\.json': there is no training option"):
        read_config(tmp_path)
