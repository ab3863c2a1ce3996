"""Calibration judged on folds that it was not fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.evaluation.calibration.cross_fit import CrossFit
from ctc.evaluation.calibration.fit import fit_calibration


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def folds(n: int, bias: Any = 0.0, temperature: float = 1.0, groups: int | None = None, seed=0):
    """Answers of 5 classes with the truth drawn from softmax(scores + bias)."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (n, 5))
    wanted = softmax(scores + bias)
    truth = (wanted.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, 4).astype(np.int32)
    given = softmax(scores * temperature).astype(np.float32)
    event = np.arange(n, dtype=np.int32)
    return CrossFit(truth, given, event, np.arange(n) % (groups or n))


def test_folds_hold_whole_groups() -> None:
    found = folds(120, groups=12)
    for group in range(12):
        assert len(np.unique(found.fold[found.group == group])) == 1
    assert np.bincount(found.fold[:12]).tolist() == [3, 3, 2, 2, 2]


def test_predicted_is_fitted_to_the_other_folds() -> None:
    found = folds(200, groups=20, temperature=2.0)
    held_out = found.fold == 3
    other = fit_calibration(found.truth[~held_out], found.probabilities[~held_out], "temperature")
    assert found.predicted["temperature"][held_out] == pytest.approx(
        other.apply(found.probabilities[held_out])
    )


def test_best_method_is_vector_for_a_class_bias() -> None:
    assert folds(3000, np.array([0, 0, 0, 1.0, -1.0])).best_method() == "vector"


def test_best_method_is_temperature_without_bias_or_with_few_answers() -> None:
    assert folds(1000, temperature=2.0).best_method() == "temperature"
    assert folds(60, np.array([0, 0, 0, 1.0, -1.0])).best_method() == "temperature"
    assert folds(500, np.array([0, 0, 0, 3.0, -3.0]), groups=1).best_method() == "temperature"


def test_best_method_does_not_take_the_biases_of_8_locations_for_those_of_classes() -> None:
    taken = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        at_location = rng.normal(0, 0.8, (8, 5))
        group = np.arange(400) % 8
        taken += folds(400, at_location[group], groups=8, seed=seed).best_method() == "vector"
    assert taken <= 1
