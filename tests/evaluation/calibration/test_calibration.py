"""Application and inversion of a calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.calibration.calibration import (
    Calibration,
    apply_calibration,
    negative_log_likelihood,
    temperature_scaling,
    undo_calibration,
)


def first_photo(photos: Any) -> Any:
    return photos[0]


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


def test_temperature_scaling_keeps_the_top_class() -> None:
    _, probabilities = miscalibrated(2.0, n=500)
    changed = temperature_scaling(2.0, 5).apply(probabilities)
    assert np.array_equal(changed.argmax(axis=1), probabilities.argmax(axis=1))
    assert changed.sum(axis=1) == pytest.approx(np.ones(500))


def test_temperature_scaling_by_hand() -> None:
    # √0.64 : √0.36 = 8 : 6
    assert temperature_scaling(2.0, 2).apply(np.array([[0.64, 0.36]], np.float32))[
        0
    ] == pytest.approx([8 / 14, 6 / 14])


def test_temperature_scaling_keeps_probability_0() -> None:
    changed = temperature_scaling(0.5, 2).apply(np.array([[1.0, 0.0]], np.float32))
    assert changed[0] == pytest.approx([1, 0])
    assert negative_log_likelihood(np.array([1], np.int32), changed)[0] < 60


VECTOR = Calibration(
    "vector", np.array([0.2, 1, 3, 0.7, 8], np.float32), np.array([3, 0, -5, 1, 2], np.float32)
)


@pytest.mark.parametrize(
    "calibration", [temperature_scaling(2.0, 5), temperature_scaling(0.3, 5), VECTOR]
)
def test_undo_calibration_inverts_apply_calibration(make_data, calibration: Calibration) -> None:
    truth, probabilities = miscalibrated(2.0, n=1000)
    data = make_data(truth, probabilities)
    changed = apply_calibration(data, {"species": calibration}, first_photo)
    assert np.abs(changed.events.probabilities["species"] - probabilities).max() > 0.1
    back = undo_calibration(changed, {"species": calibration.to_json()}, first_photo)
    assert back.events.probabilities["species"] == pytest.approx(probabilities, abs=1e-3)


def test_undo_calibration_without_calibration_is_none(make_data) -> None:
    data = make_data([0, 1], [[0.9, 0.1], [0.2, 0.8]])
    assert undo_calibration(data, {}, first_photo) is None


@pytest.mark.parametrize(
    "entry", [{}, {"method": "vector", "scale": [1], "bias": [0]}, {"method": "x"}, [1]]
)
def test_undo_calibration_rejects_damaged_calibration(make_data, entry: Any) -> None:
    with pytest.raises(InputError, match="the model's calibration is damaged"):
        undo_calibration(
            make_data([0, 1], [[0.9, 0.1], [0.2, 0.8]]), {"species": entry}, first_photo
        )
