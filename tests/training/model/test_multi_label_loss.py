from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from ctc.training.metrics.metrics import MetricSums
from ctc.training.model.losses import FOCAL_GAMMA
from ctc.training.model.multi_label_loss import MultiLabelCriterion
from ctc.training.model.optimizers import make_optimizer
from ctc.training.trainer.training_model import TrainingModel

pytestmark = pytest.mark.tensorflow


THERE = np.array([[0.9, 0.6, 0.2], [0.4, 0.3, 0.1], [0.5, 0.7, 0.8]], np.float32)
SCORES = np.log(THERE / (1 - THERE))
CLASSES = np.array([[1, 1, 0], [0, 0, 1], [-1, -1, -1]], np.int32)
PLAIN = MultiLabelCriterion()


def _loss(criterion: MultiLabelCriterion = PLAIN, scores: np.ndarray = SCORES) -> list[float]:
    return np.asarray(criterion.loss_per_photo(CLASSES, scores)).tolist()


def test_loss_per_photo_sums_binary_cross_entropies_of_classes():
    expected = [-math.log(0.9 * 0.6 * 0.8), -math.log(0.6 * 0.7 * 0.1), 0.0]
    assert _loss() == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_smooths_each_binary_target():
    other = [-math.log(0.1 * 0.4 * 0.2), -math.log(0.4 * 0.3 * 0.9), 0.0]
    expected = [0.95 * right + 0.05 * wrong for right, wrong in zip(_loss(), other, strict=True)]
    assert _loss(MultiLabelCriterion(smoothing=0.1)) == pytest.approx(expected, rel=1e-5)


def test_focal_loss_down_weights_easy_classes():
    expected = sum((1 - right) ** FOCAL_GAMMA * -math.log(right) for right in (0.9, 0.6, 0.8))
    assert _loss(MultiLabelCriterion("focal"))[0] == pytest.approx(expected, rel=1e-5)


def test_class_weights_scale_the_positive_term():
    weighted = _loss(MultiLabelCriterion(class_weights=(2.0, 3.0, 5.0)))
    expected = [
        -2 * math.log(0.9) - 3 * math.log(0.6) - math.log(0.8),
        -math.log(0.6 * 0.7) - 5 * math.log(0.1),
        0.0,
    ]
    assert weighted == pytest.approx(expected, rel=1e-5)


def test_infinite_logits_of_missing_label_have_no_gradient():
    inputs = keras.Input((3,))
    head = keras.layers.Dense(2, kernel_initializer="ones", name="a")
    model = TrainingModel(keras.Model(inputs, {"a": head(inputs)}), {"a": PLAIN})
    model.compile(make_optimizer("sgd", 0.1, 0.0), jit_compile=False)
    photos = np.array([[1, 2, 3], [np.inf, 1, 1]], np.float32)
    labels = {"a": np.array([[1, 0], [-1, -1]], np.int32)}
    model.train_on_batch(photos, labels, {"a": np.ones(2, np.float32)}, return_dict=True)
    assert np.isfinite(head.bias.numpy()).all()
    assert head.bias.numpy()[0] > 0 > head.bias.numpy()[1]


def test_batch_sums_match_the_definitions():
    logs = {
        name: np.asarray(value)
        for name, value in PLAIN.batch_sums(CLASSES, SCORES).to_logs(0).items()
    }
    totals = MetricSums.from_logs(("species",), logs)
    metrics = totals.compute({"species": 1.0}).labels["species"]
    assert (metrics.n, metrics.accuracy, metrics.top5, metrics.exact) == (2, 0.5, 1.0, 0.5)
    assert metrics.macro_f1 == pytest.approx((1 + 1 + 0) / 3)
    assert list(metrics.named_metrics) == ["loss", "accuracy", "top5", "macro_f1", "exact"]


def test_batch_sums_top_k_needs_one_of_five():
    scores = np.tile(np.arange(7, 0, -1, dtype=np.float32), (2, 1))
    classes = np.zeros((2, 7), np.int32)
    classes[0, [4, 6]], classes[1, [5, 6]] = 1, 1
    assert float(PLAIN.batch_sums(classes, scores).top_k_correct) == 1.0
