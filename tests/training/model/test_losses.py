from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from ctc.training.model.losses import Criterion
from ctc.training.model.multi_label_loss import MultiLabelCriterion
from ctc.training.model.optimizers import make_optimizer
from ctc.training.trainer.training_model import TrainingModel

pytestmark = pytest.mark.tensorflow


SCORES = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], np.float32))
PIXELS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
PLAIN = Criterion()


def _loss(
    classes: list[int], scores: np.ndarray = SCORES, criterion: Criterion = PLAIN
) -> list[float]:
    return np.asarray(criterion.loss_per_photo(np.array(classes), scores)).tolist()


def _training_model(*labels: str) -> TrainingModel:
    """Linear heads on three numbers, all weights 1."""
    inputs = keras.Input((3,))
    heads = {
        label: keras.layers.Dense(2, kernel_initializer="ones", name=label)(inputs * 0.1)
        for label in labels
    }
    model = TrainingModel(keras.Model(inputs, heads), dict.fromkeys(labels, PLAIN))
    model.compile(make_optimizer("sgd", 0.1, 0.0), jit_compile=False)
    return model


def test_loss_per_photo_is_cross_entropy():
    assert _loss([0, 1, 2]) == pytest.approx(
        [-math.log(0.5), -math.log(0.8), -math.log(0.6)], rel=1e-5
    )


SOFT = np.array([[0.5, 0.5, 0], [0, 1, 0], [0.25, 0.25, 0.5]], np.float32)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        (Criterion(), -(math.log(0.5) + math.log(0.25)) / 2),
        (
            Criterion(class_weights=(1.0, 3.0, 5.0)),
            -2 * (math.log(0.5) + math.log(0.25)) / 2,
        ),
        (
            Criterion(loss="focal"),
            -((1 - math.sqrt(0.5 * 0.25)) ** 2) * (math.log(0.5) + math.log(0.25)) / 2,
        ),
    ],
)
def test_loss_per_photo_of_soft_target(criterion, expected):
    found = criterion.loss_per_photo(np.array([2, -1, 0]), SCORES, SOFT)
    assert np.asarray(found)[:2].tolist() == pytest.approx([expected, 0], rel=1e-5)


@pytest.mark.parametrize(
    "criterion",
    [Criterion(), Criterion("focal", 0.1, (1.0, 2.0, 3.0))],
    ids=["plain", "focal, smoothed, weighted"],
)
def test_one_hot_soft_target_matches_classes(criterion):
    classes = np.array([2, 0, 1])
    soft = criterion.loss_per_photo(classes, SCORES, np.eye(3, dtype=np.float32)[classes])
    expected = criterion.loss_per_photo(classes, SCORES)
    np.testing.assert_allclose(np.asarray(soft), np.asarray(expected), rtol=1e-6)


@pytest.mark.parametrize(
    "criterion",
    [MultiLabelCriterion(), MultiLabelCriterion("focal", 0.1, (1.0, 2.0, 3.0))],
    ids=["plain", "focal, smoothed, weighted"],
)
def test_soft_target_of_0_and_1_matches_multi_label_classes(criterion):
    classes = np.array([[1, 0, 1], [0, 0, 0], [-1, -1, -1]])
    soft = criterion.loss_per_photo(classes, SCORES, np.maximum(classes, 0).astype(np.float32))
    expected = criterion.loss_per_photo(classes, SCORES)
    np.testing.assert_allclose(np.asarray(soft), np.asarray(expected), rtol=1e-6)


def test_loss_per_photo_is_zero_without_the_label():
    assert _loss([0, -1, -1]) == pytest.approx([-math.log(0.5), 0, 0], rel=1e-5)


def test_infinite_logits_of_missing_label_have_no_gradient():
    model = _training_model("a")
    pixels = PIXELS[:2].copy()
    pixels[1] = np.inf
    weights = {"a": np.ones(2, np.float32)}
    model.train_on_batch(pixels, {"a": np.array([0, -1])}, weights, return_dict=True)
    assert np.isfinite(model.logits_model.get_layer("a").bias.numpy()).all()


def test_label_smoothing_spreads_target_over_classes():
    expected = 0.9 * -math.log(0.5) + 0.1 * -(math.log(0.5) + 2 * math.log(0.25)) / 3
    assert _loss([0], SCORES[:1], Criterion(smoothing=0.1)) == pytest.approx([expected], rel=1e-5)


def test_focal_loss_down_weights_easy_photos():
    expected = [(1 - p) ** 2 * -math.log(p) for p in (0.5, 0.8, 0.6)]
    assert _loss([0, 1, 2], criterion=Criterion("focal")) == pytest.approx(expected, rel=1e-5)


def test_class_weights_scale_loss_by_true_class():
    plain, weighted = (
        _loss([0, 1, -1]),
        _loss([0, 1, -1], criterion=Criterion(class_weights=(3.0, 0.5, 1.0))),
    )
    assert weighted == pytest.approx([3 * plain[0], 0.5 * plain[1], 0], rel=1e-6)


def test_batch_sums_count_only_photos_with_the_label():
    sums = PLAIN.batch_sums(np.array([0, -1, 1]), SCORES)
    assert (float(sums.correct), float(sums.photos)) == (1.0, 2.0)
    assert [
        np.asarray(part).tolist() for part in (sums.true_positives, sums.predicted, sums.support)
    ] == [
        [1.0, 0.0, 0.0],
        [1.0, 0.0, 1.0],
        [1.0, 1.0, 0.0],
    ]


def test_batch_sums_top_k_takes_five_classes():
    scores = np.array([[6, 5, 4, 3, 2, 1, 0]] * 3, np.float32)
    assert float(PLAIN.batch_sums(np.array([4, 5, -1]), scores).top_k_correct) == 1.0


def test_training_model_loss_uses_sample_weights():
    model = _training_model("a", "b")
    labels = {name: np.array([0, 1, 0, 1]) for name in ("a", "b")}
    weights = {"a": np.full(4, 0.25, np.float32), "b": np.full(4, 0.75, np.float32)}
    model.train_on_batch(PIXELS, labels, weights, return_dict=True)
    first, second = (model.logits_model.get_layer(name).kernel.numpy() for name in ("a", "b"))
    np.testing.assert_allclose(second - 1, 3 * (first - 1), rtol=1e-3)
    assert np.abs(first - 1).max() > 1e-4


def test_training_model_returns_sums_of_this_batch_only():
    model = _training_model("a")
    labels = {"a": np.array([0, 1, -1, 1], np.int32)}
    for _ in range(2):
        sums = model.test_on_batch(PIXELS, labels, return_dict=True)
    assert sums["photos_0"] == 3.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sgd", keras.optimizers.SGD),
        ("rmsprop", keras.optimizers.RMSprop),
        ("adamw", keras.optimizers.AdamW),
    ],
)
def test_make_optimizer_returns_the_named_optimizer(name, kind):
    optimizer = make_optimizer(name, 0.02, 0.003)
    assert isinstance(optimizer, kind)
    assert float(optimizer.learning_rate) == pytest.approx(0.02)
    assert optimizer.weight_decay == 0.003
