"""Expected calibration error and Brier score, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctc.evaluation.metrics.reliability import reliability


def test_reliability_by_hand() -> None:
    # (0.6, 0.667]: one of two right at 0.62 and 0.64; (0.867, 0.933]: both right at 0.9 →
    # (2·|0.5−0.63| + 2·|1−0.9|) / 4
    top = np.array([0.62, 0.64, 0.9, 0.9], np.float32)
    probabilities = np.stack([top, 1 - top], axis=1)
    found = reliability(np.array([0, 1, 0, 0], np.int32), probabilities)
    assert found.ece == pytest.approx((2 * 0.13 + 2 * 0.1) / 4, abs=1e-6)
    assert found.brier.value == pytest.approx(
        (2 * 0.38**2 + 2 * 0.64**2 + 2 * 2 * 0.1**2) / 4, abs=1e-6
    )
    bins = [one for one in found.bins if one.n]
    assert [(one.n, round(one.confidence, 4), one.accuracy) for one in bins] == [
        (2, 0.63, 0.5),
        (2, 0.9, 1.0),
    ]
    assert math.isnan(found.bins[0].accuracy)


def test_reliability_of_certain_right_predictions_is_perfect() -> None:
    found = reliability(np.array([0, 1], np.int32), np.eye(2, dtype=np.float32))
    assert (found.ece, found.brier.value, found.bins[-1].n) == (0, 0, 2)


def test_reliability_log_loss_by_hand() -> None:
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75], [1, 0]], np.float32)
    found = reliability(np.array([0, 1, 1], np.int32), probabilities)
    expected = -(math.log(0.5) + math.log(0.75) + math.log(1e-12)) / 3
    assert found.log_loss.value == pytest.approx(expected)


def test_reliability_of_few_perfect_probabilities_is_as_by_chance(estimator_of) -> None:
    rng = np.random.default_rng(1)
    top = rng.uniform(0.5, 1, 100).astype(np.float32)
    truth = (rng.random(100) > top).astype(np.int32)
    found = reliability(truth, np.stack([top, 1 - top], axis=1), estimator_of(truth == 0))
    error = found.error
    assert error.by_chance == pytest.approx(0.09, abs=0.03)
    assert found.ece < error.by_chance_high
    assert error.debiased.low == 0
    assert error.debiased.value < found.ece < error.debiased.high


def test_reliability_of_overconfident_probabilities_is_not_by_chance(estimator_of) -> None:
    rng = np.random.default_rng(2)
    top = np.full(1000, 0.95, np.float32)
    truth = (rng.random(1000) > 0.8).astype(np.int32)
    found = reliability(truth, np.stack([top, 1 - top], axis=1), estimator_of(truth == 0))
    error = found.error
    assert found.ece > error.by_chance_high
    assert error.debiased.low < 0.15 < error.debiased.high
    assert error.debiased.value == pytest.approx(found.ece, abs=0.002)
    assert found.brier.low < found.brier.value < found.brier.high
