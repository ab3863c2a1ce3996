from __future__ import annotations

import math
from dataclasses import replace

import keras
import numpy as np
import pytest

from ctc.artifacts.dataset import Label
from ctc.errors import UsageError
from ctc.training.config import TrainingConfig
from ctc.training.model.logit_adjustment import check_logit_adjustment, logit_offsets
from ctc.training.model.losses import Criterion

pytestmark = pytest.mark.tensorflow

LABEL = Label("species", ("fox", "deer", "lynx"), {"train": (6, 2, 0), "val": (9, 9, 9)})
CONFIG = TrainingConfig("data", "run", "small_cnn", ("species", "count"), logit_adjustment=1.0)


def test_logit_offsets_are_log_priors_of_the_train_split():
    """The class without photos counts as one with one."""
    expected = [math.log(6 / 9), math.log(2 / 9), math.log(1 / 9)]
    assert logit_offsets(LABEL, 1.0) == pytest.approx(expected)
    assert logit_offsets(LABEL, 0.5) == pytest.approx([value / 2 for value in expected])
    assert logit_offsets(LABEL, 0.0) == ()


def test_loss_adds_offsets_to_logits():
    logits = np.array([[0.3, -0.2, 0.1], [0.0, 2.0, 1.0], [5.0, 5.0, 5.0]], np.float32)
    classes = np.array([1, 2, -1], np.int32)
    offsets = logit_offsets(LABEL, 1.0)
    found = Criterion(logit_offsets=offsets).loss_per_photo(classes, logits)
    shifted = Criterion().loss_per_photo(classes, logits + np.array(offsets, np.float32))
    np.testing.assert_allclose(np.asarray(found), np.asarray(shifted), rtol=1e-6)
    # -ln of the adjusted softmax of the first photo
    powers = np.exp(logits[0]) * np.array([6, 2, 1]) / 9
    assert float(found[0]) == pytest.approx(-math.log(powers[1] / powers.sum()), rel=1e-5)
    assert float(found[2]) == 0.0


def test_metrics_but_the_loss_go_by_logits_without_offsets():
    """Without adjustment the second class has the highest logit, with it the first."""
    logits, classes = np.array([[0.0, 0.5, -9.0]], np.float32), np.array([1], np.int32)
    sums = Criterion(logit_offsets=logit_offsets(LABEL, 1.0)).batch_sums(classes, logits)
    assert float(sums.correct) == 1.0
    assert np.asarray(sums.predicted).tolist() == [0, 1, 0]


def test_minimum_of_adjusted_loss_has_equal_logits_for_photos_without_information():
    """Photos that look alike: the network says only what the prior does not."""
    classes = np.repeat([0, 1], [6, 2]).astype(np.int32)
    two = Label("species", ("fox", "deer"), {"train": (6, 2)})
    criterion = Criterion(logit_offsets=logit_offsets(two, 1.0))

    def loss(second_logit: float) -> float:
        logits = np.tile(np.array([[0.0, second_logit]], np.float32), (8, 1))
        return float(keras.ops.sum(criterion.loss_per_photo(classes, logits)))

    assert loss(0.0) < min(loss(-0.05), loss(0.05))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"multi_label": ("count",)}, "'count' is a --multi-label: leave one out"),
        ({"sampling": "sqrt"}, "--logit-adjustment and --sampling both make up for rare classes"),
        ({"class_weights": "balanced"}, "--logit-adjustment and --class-weights both"),
    ],
)
def test_check_refuses_what_has_no_meaning_together(changes, message):
    check_logit_adjustment(CONFIG)
    with pytest.raises(UsageError, match=message):
        check_logit_adjustment(replace(CONFIG, **changes))
    check_logit_adjustment(replace(CONFIG, **changes, logit_adjustment=0.0))
