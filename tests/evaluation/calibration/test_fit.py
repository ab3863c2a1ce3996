"""Fitting of temperature and vector scaling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.evaluation.calibration.calibration import negative_log_likelihood
from ctc.evaluation.calibration.fit import fit_calibration
from ctc.evaluation.metrics.reliability import reliability


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def miscalibrated(
    temperature: float, n: int = 20_000, classes: int = 5, seed: int = 0, bias: Any = 0.0
):
    """Truths drawn from softmax(scores + bias), and the probabilities softmax(scores ·
    temperature): overconfident if it is above 1."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (n, classes))
    calibrated = softmax(scores + bias)
    truth = (calibrated.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, classes - 1)
    return truth.astype(np.int32), softmax(scores * temperature).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_fit_calibration_recovers_temperature_within_5_percent(temperature: float) -> None:
    truth, probabilities = miscalibrated(temperature)
    assert fit_calibration(truth, probabilities, "temperature").temperature == pytest.approx(
        temperature, rel=0.05
    )


def test_fit_calibration_reduces_error_on_fresh_data() -> None:
    found = fit_calibration(*miscalibrated(2.5), "temperature")
    truth, probabilities = miscalibrated(2.5, seed=1)
    assert reliability(truth, probabilities).ece > 0.1
    assert reliability(truth, found.apply(probabilities)).ece < 0.02


def test_fit_calibration_recovers_a_temperature_of_10() -> None:
    # the least probable classes have probabilities far below 1e-12
    truth, probabilities = miscalibrated(10.0)
    assert (probabilities < 1e-12).mean() > 0.3
    assert fit_calibration(truth, probabilities, "temperature").temperature == pytest.approx(
        10, rel=0.05
    )


def test_fit_calibration_takes_0_for_less_than_half_precision_can_tell() -> None:
    truth, probabilities = miscalibrated(3.0)
    rounded = probabilities.astype(np.float16).astype(np.float32)
    assert (rounded == 0).any()
    found = fit_calibration(truth, rounded, "temperature")
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert 1e-8 < found.smallest < 6e-8


def test_fit_calibration_recovers_the_biases_of_classes() -> None:
    truth, probabilities = miscalibrated(1.0, n=6000, bias=np.array([0, 0, 0, 1.0, -1.0]))
    found = fit_calibration(truth, probabilities, "vector")
    assert found.bias - found.bias.mean() == pytest.approx([0, 0, 0, 1, -1], abs=0.15)
    assert found.scale == pytest.approx(np.ones(5), abs=0.1)


def test_fit_calibration_with_few_independent_answers_is_near_temperature_scaling() -> None:
    truth, probabilities = miscalibrated(1.0, n=400, bias=np.array([0, 0, 0, 1.0, -1.0]))
    many, few = (fit_calibration(truth, probabilities, "vector", n) for n in (400, 4))
    assert np.abs(few.bias).max() < 0.4 < np.abs(many.bias).max()


def test_fit_calibration_of_vector_scaling_does_not_overfit_40_answers() -> None:
    truth, probabilities = miscalibrated(1.0, n=40, classes=8)
    fresh, fresh_probabilities = miscalibrated(1.0, n=5000, classes=8, seed=1)
    plain, vector = (
        negative_log_likelihood(fresh, one).mean()
        for one in (
            fresh_probabilities,
            fit_calibration(truth, probabilities, "vector").apply(fresh_probabilities),
        )
    )
    assert vector < plain + 0.2
