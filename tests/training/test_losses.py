from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from ctc.training.model.losses import Criterion
from ctc.training.model.optimizers import make_optimizer
from ctc.training.trainer.training_model import TrainingModel

SCORES = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], np.float32))
PIXELS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
PLAIN = Criterion()


def _loss(
    classes: list[int], scores: np.ndarray = SCORES, criterion: Criterion = PLAIN
) -> list[float]:
    return np.asarray(criterion.loss_per_photo(np.array(classes), scores)).tolist()


def _trainee(*labels: str) -> TrainingModel:
    """Linear heads on three numbers, all weights 1."""
    inputs = keras.Input((3,))
    heads = {
        label: keras.layers.Dense(2, kernel_initializer="ones", name=label)(inputs * 0.1)
        for label in labels
    }
    trainee = TrainingModel(keras.Model(inputs, heads), dict.fromkeys(labels, PLAIN))
    trainee.compile(make_optimizer("sgd", 0.1, 0.0), jit_compile=False)
    return trainee


def test_loss_is_the_cross_entropy_of_each_photo():
    assert _loss([0, 1, 2]) == pytest.approx(
        [-math.log(0.5), -math.log(0.8), -math.log(0.6)], rel=1e-5
    )


def test_a_photo_without_the_label_has_no_loss():
    assert _loss([0, -1, -1]) == pytest.approx([-math.log(0.5), 0, 0], rel=1e-5)


def test_even_infinite_scores_of_a_missing_label_have_no_gradient():
    trainee = _trainee("a")
    pixels = PIXELS[:2].copy()
    pixels[1] = np.inf
    weights = {"a": np.ones(2, np.float32)}
    trainee.train_on_batch(pixels, {"a": np.array([0, -1])}, weights, return_dict=True)
    assert np.isfinite(trainee.logits_model.get_layer("a").bias.numpy()).all()


def test_smoothing_asks_a_little_for_every_class():
    expected = 0.9 * -math.log(0.5) + 0.1 * -(math.log(0.5) + 2 * math.log(0.25)) / 3
    assert _loss([0], SCORES[:1], Criterion(smoothing=0.1)) == pytest.approx([expected], rel=1e-5)


def test_focal_loss_looks_away_from_what_is_easy():
    expected = [(1 - p) ** 2 * -math.log(p) for p in (0.5, 0.8, 0.6)]
    assert _loss([0, 1, 2], criterion=Criterion("focal")) == pytest.approx(expected, rel=1e-5)


def test_class_weights_are_factors_by_the_true_class():
    plain, weighted = (
        _loss([0, 1, -1]),
        _loss([0, 1, -1], criterion=Criterion(class_weights=(3.0, 0.5, 1.0))),
    )
    assert weighted == pytest.approx([3 * plain[0], 0.5 * plain[1], 0], rel=1e-6)


def test_sums_count_only_what_is_there():
    sums = PLAIN.batch_sums(np.array([0, -1, 1]), SCORES)
    assert (float(sums.correct), float(sums.present)) == (1.0, 2.0)
    assert [np.asarray(part).tolist() for part in (sums.hit, sums.chosen, sums.actual)] == [
        [1.0, 0.0, 0.0],
        [1.0, 0.0, 1.0],
        [1.0, 1.0, 0.0],
    ]


def test_the_five_best_are_enough_for_top5():
    scores = np.array([[6, 5, 4, 3, 2, 1, 0]] * 3, np.float32)
    assert float(PLAIN.batch_sums(np.array([4, 5, -1]), scores).among_best) == 1.0


def test_a_photo_counts_by_its_sample_weight():
    trainee = _trainee("a", "b")
    labels = {name: np.array([0, 1, 0, 1]) for name in ("a", "b")}
    weights = {"a": np.full(4, 0.25, np.float32), "b": np.full(4, 0.75, np.float32)}
    trainee.train_on_batch(PIXELS, labels, weights, return_dict=True)
    first, second = (trainee.logits_model.get_layer(name).kernel.numpy() for name in ("a", "b"))
    np.testing.assert_allclose(second - 1, 3 * (first - 1), rtol=1e-3)
    assert np.abs(first - 1).max() > 1e-4


def test_a_batch_gives_its_own_sums_not_those_of_earlier_ones():
    trainee = _trainee("a")
    labels = {"a": np.array([0, 1, -1, 1], np.int32)}
    for _ in range(2):
        sums = trainee.test_on_batch(PIXELS, labels, return_dict=True)
    assert sums["present_0"] == 3.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sgd", keras.optimizers.SGD),
        ("rmsprop", keras.optimizers.RMSprop),
        ("adamw", keras.optimizers.AdamW),
    ],
)
def test_each_optimizer_is_the_one_asked_for(name, kind):
    optimizer = make_optimizer(name, 0.02, 0.003)
    assert isinstance(optimizer, kind)
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert optimizer.weight_decay == 0.003
