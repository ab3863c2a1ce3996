"""Fitting of temperature and vector scaling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.evaluation.calibration.fit import best_method, fit_calibration
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


def test_best_method_is_vector_for_a_class_bias() -> None:
    truth, probabilities = miscalibrated(1.0, n=6000, bias=np.array([0, 0, 0, 1.0, -1.0]))
    event = np.arange(len(truth), dtype=np.int32)
    assert best_method(truth, probabilities, event) == "vector"
    found = fit_calibration(truth, probabilities, "vector")
    assert found.bias - found.bias.mean() == pytest.approx([0, 0, 0, 1, -1], abs=0.15)
    assert found.scale == pytest.approx(np.ones(5), abs=0.1)


def test_best_method_is_temperature_without_bias_or_with_few_predictions() -> None:
    truth, probabilities = miscalibrated(2.0, n=2000)
    assert best_method(truth, probabilities, np.arange(2000, dtype=np.int32)) == "temperature"
    truth, probabilities = miscalibrated(1.0, n=60, bias=np.array([0, 0, 0, 1.0, -1.0]))
    assert best_method(truth, probabilities, np.arange(60, dtype=np.int32)) == "temperature"
