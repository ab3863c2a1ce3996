from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ctc.errors import InputError
from ctc.hardware import usable_cores
from ctc.training.config import TrainingConfig, default_batch_size

CONFIG = TrainingConfig(
    "data", "run", "small_cnn", ("species", "count"), {"count": 0.5}, rotate=12.0, flip=False
)


def test_training_config_round_trips_through_json():
    assert TrainingConfig.from_json(json.loads(json.dumps(CONFIG.to_json()))) == CONFIG


def test_from_json_rejects_unknown_option():
    with pytest.raises(InputError, match="no training option called 'cutout'"):
        TrainingConfig.from_json({**CONFIG.to_json(), "cutout": 1})


def test_from_json_rejects_missing_option():
    with pytest.raises(InputError, match="incomplete"):
        TrainingConfig.from_json({"labels": [], "label_weights": {}})


def test_resolve_fills_in_every_derived_value():
    resolved = CONFIG.resolve((64, 48), "tfdata")
    assert (resolved.height, resolved.width, resolved.loader) == (64, 48, "tfdata")
    assert (resolved.learning_rate, resolved.weight_decay, resolved.threads) == (
        0.001,
        0.01,
        usable_cores(),
    )
    assert Path(resolved.dataset).is_absolute()
    assert resolved.resolve((1, 1), "tfdata") == resolved


@pytest.mark.parametrize(
    ("optimizer", "rate", "decay"),
    [("sgd", 0.01, 1e-4), ("rmsprop", 0.001, 1e-4), ("adamw", 0.001, 0.01)],
)
def test_resolve_sets_learning_rate_and_decay_of_optimizer(optimizer, rate, decay):
    resolved = TrainingConfig("d", "r", "b", ("l",), optimizer=optimizer).resolve((1, 1), "x")
    assert (resolved.learning_rate, resolved.weight_decay) == (rate, decay)


def test_resolve_gives_each_learning_rate_twice_the_patience_of_the_plateau():
    config = TrainingConfig("d", "r", "b", ("l",))
    assert config.resolve((1, 1), "x").early_stopping_patience == 2 * config.reduce_lr_patience == 8
    longer = replace(config, reduce_lr_patience=10)
    assert longer.resolve((1, 1), "x").early_stopping_patience == 20
    cosine = replace(config, schedule="cosine", epochs=30)
    assert cosine.resolve((1, 1), "x").early_stopping_patience == 30
    given = replace(config, early_stopping_patience=3)
    assert given.resolve((1, 1), "x").early_stopping_patience == 3


def test_resolve_keeps_given_learning_rate_and_decay():
    resolved = TrainingConfig("d", "r", "b", ("l",), learning_rate=0.5, weight_decay=0.0).resolve(
        (1, 1), "x"
    )
    assert (resolved.learning_rate, resolved.weight_decay) == (0.5, 0.0)


def test_resolve_turns_color_augmentation_off_for_stacked_photos():
    config = TrainingConfig(
        "d", "r", "b", ("l",), image_choice="grayscale_stacking", color="full_fast"
    )
    assert config.resolve((1, 1), "x").color == "none"


def test_augmentation_uses_the_options():
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


def test_augmentation_preserves_aspect_with_fit_crop():
    assert TrainingConfig("d", "r", "b", ("l",), resize="fit-crop").augmentation().preserve_aspect


@pytest.mark.parametrize(
    ("photos", "size"),
    [(1, 8), (255, 8), (511, 8), (512, 16), (1333, 32), (4095, 64), (4096, 128), (10**7, 128)],
)
def test_default_batch_size_gives_an_epoch_32_steps(photos, size):
    assert default_batch_size(photos) == size


@pytest.mark.parametrize(
    ("photos", "devices", "size"), [(100, 3, 6), (100, 16, 16), (9000, 3, 126)]
)
def test_default_batch_size_is_a_multiple_of_the_devices(photos, devices, size):
    assert default_batch_size(photos, devices) == size
