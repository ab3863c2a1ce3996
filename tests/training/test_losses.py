from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from ctc.training.losses import label_loss, label_sums
from ctc.training.trainee import Trainee, make_optimizer

# Keras 3.15 on TensorFlow with numpy 2 converts variables the old way
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

SCORES = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], np.float32))
PIXELS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


def _trainee(weights: dict[str, float]) -> Trainee:
    """Two linear heads on three numbers, all weights 0.1."""
    inputs = keras.Input((3,))
    heads = {label: keras.layers.Dense(2, kernel_initializer="ones", name=label)(inputs * 0.1) for label in weights}
    trainee = Trainee(keras.Model(inputs, heads), weights)
    trainee.compile(make_optimizer("sgd", 0.1, 0.0), jit_compile=False)
    return trainee


def _learnt(weights: dict[str, float], pixels: np.ndarray, labels: dict[str, list[int]]) -> dict[str, np.ndarray]:
    """The heads after one step."""
    trainee = _trainee(weights)
    trainee.train_on_batch(pixels, {label: np.array(values, np.int32) for label, values in labels.items()})
    return {label: trainee.scores.get_layer(label).get_weights()[0] for label in weights}


def test_loss_is_the_mean_cross_entropy():
    expected = -(math.log(0.5) + math.log(0.8) + math.log(0.6)) / 3
    assert float(label_loss(np.array([0, 1, 2]), SCORES)) == pytest.approx(expected, rel=1e-5)


def test_a_missing_label_leaves_the_loss_of_the_others():
    assert float(label_loss(np.array([0, -1, 2]), SCORES)) == pytest.approx(
        float(label_loss(np.array([0, 2]), SCORES[[0, 2]])), rel=1e-6
    )


def test_a_batch_without_the_label_has_no_loss():
    assert float(label_loss(np.array([-1, -1, -1]), SCORES)) == 0.0


def test_sums_count_only_what_is_there():
    sums = label_sums(np.array([0, -1, 1]), SCORES)
    assert (float(sums.correct), float(sums.present)) == (1.0, 2.0)


def test_even_an_infinite_score_of_a_missing_label_is_ignored():
    scores = np.array([[0.0, 0.0], [np.inf, 0.0]], np.float32)
    assert float(label_sums(np.array([0, -1]), scores).loss) == pytest.approx(math.log(2), rel=1e-6)


def test_a_missing_label_moves_no_weight():
    full = _learnt({"a": 1.0}, PIXELS[[0, 2]], {"a": [0, 1]})
    masked = _learnt({"a": 1.0}, PIXELS, {"a": [0, -1, 1, -1]})
    np.testing.assert_allclose(masked["a"], full["a"], rtol=1e-6)


def test_a_label_missing_everywhere_leaves_its_head_alone():
    learnt = _learnt({"a": 1.0, "b": 1.0}, PIXELS, {"a": [0, 1, 0, 1], "b": [-1, -1, -1, -1]})
    np.testing.assert_array_equal(learnt["b"], np.ones((3, 2), np.float32))
    assert np.abs(learnt["a"] - 1).max() > 1e-4


def test_a_label_moves_its_head_by_its_weight():
    labels = {"a": [0, 1, 0, 1], "b": [0, 1, 0, 1]}
    learnt = _learnt({"a": 1.0, "b": 3.0}, PIXELS, labels)
    np.testing.assert_allclose(learnt["b"] - 1, 3 * (learnt["a"] - 1), rtol=1e-3)


def test_a_batch_gives_its_own_sums_not_those_of_earlier_ones():
    trainee = _trainee({"a": 1.0})
    labels = {"a": np.array([0, 1, -1, 1], np.int32)}
    for _ in range(2):
        sums = trainee.test_on_batch(PIXELS, labels, return_dict=True)
    assert sums["present_0"] == 3.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [("sgd", keras.optimizers.SGD), ("rmsprop", keras.optimizers.RMSprop), ("adamw", keras.optimizers.AdamW)],
)
def test_each_optimizer_is_the_one_asked_for(name, kind):
    optimizer = make_optimizer(name, 0.02, 0.003)
    assert isinstance(optimizer, kind)
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert optimizer.weight_decay == 0.003
