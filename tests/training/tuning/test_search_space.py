from __future__ import annotations

from dataclasses import fields, replace

import pytest

from ctc.cli.commands.tune import SEARCHABLE
from ctc.training.config import TrainingConfig
from ctc.training.tuning.search_space import DESCRIPTIONS, Choice, Range, search_space

CONFIG = TrainingConfig("data", "run", "small_cnn", ("species",), optimizer="adamw")
NAMES = tuple(DESCRIPTIONS)


def test_search_space_names_fields_and_options():
    space = search_space(CONFIG, NAMES, 1000)
    assert tuple(space) == NAMES == tuple(name.replace("-", "_") for name in SEARCHABLE)
    assert set(space) <= {field.name for field in fields(TrainingConfig)}


def test_search_space_of_rate_and_decay_surrounds_the_optimizers_defaults():
    space = search_space(CONFIG, ("learning_rate", "weight_decay"), 1000)
    assert space["learning_rate"] == Range(pytest.approx(1e-4), pytest.approx(1e-2), log=True)
    assert space["weight_decay"] == Range(pytest.approx(1e-4), pytest.approx(0.1), log=True)
    sgd = search_space(replace(CONFIG, optimizer="sgd"), ("learning_rate",), 1000)
    assert sgd["learning_rate"] == Range(pytest.approx(1e-3), pytest.approx(0.1), log=True)


@pytest.mark.parametrize("start", [{"weights": "imagenet"}, {"start_from": "other"}])
def test_search_space_of_trained_backbone_has_lower_rates(start):
    space = search_space(replace(CONFIG, **start), ("learning_rate",), 1000)
    assert space["learning_rate"] == Range(pytest.approx(3e-5), pytest.approx(3e-3), log=True)


@pytest.mark.parametrize(
    ("photos", "sizes"), [(30, (8,)), (330, (8, 16, 32)), (10**6, (8, 16, 32, 64, 128, 256))]
)
def test_search_space_of_batch_size_leaves_ten_steps(photos, sizes):
    assert search_space(CONFIG, ("batch_size",), photos) == {"batch_size": Choice(sizes)}


def test_search_space_texts():
    assert str(Range(0.0, 0.3)) == "0 to 0.3"
    assert str(Range(1e-4, 0.01, log=True)) == "0.0001 to 0.01, by orders of magnitude"
    assert str(Choice((8, 16))) == "8, 16"
