"""Calibration: the temperature is found again, and stands in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.calibration.calibrate import CalibrateConfig, fit_labels
from ctc.evaluation.calibration.calibration import (
    Calibration,
    apply_calibration,
    negative_log_likelihood,
    temperature_scaling,
    undo_calibration,
)
from ctc.evaluation.calibration.fit import best_method, fit_calibration
from ctc.evaluation.metrics.reliability import reliability


def combine(photos: Any) -> Any:
    return photos[0]


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def miscalibrated(
    temperature: float, n: int = 20_000, classes: int = 5, seed: int = 0, bias: Any = 0.0
):
    """Truths drawn from softmax(scores + bias), and the probabilities softmax(scores ·
    temperature): too sure where it is above 1."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, (n, classes))
    honest = softmax(scores + bias)
    truth = (honest.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, classes - 1)
    return truth.astype(np.int32), softmax(scores * temperature).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_recovered_within_5_percent(temperature: float) -> None:
    truth, probabilities = miscalibrated(temperature)
    assert fit_calibration(truth, probabilities, "temperature").temperature == pytest.approx(
        temperature, rel=0.05
    )


def test_calibration_makes_fresh_answers_honest() -> None:
    found = fit_calibration(*miscalibrated(2.5), "temperature")
    truth, probabilities = miscalibrated(2.5, seed=1)
    assert reliability(truth, probabilities).ece > 0.1
    assert reliability(truth, found.apply(probabilities)).ece < 0.02


def test_a_temperature_leaves_the_most_probable_class() -> None:
    _, probabilities = miscalibrated(2.0, n=500)
    changed = temperature_scaling(2.0, 5).apply(probabilities)
    assert np.array_equal(changed.argmax(axis=1), probabilities.argmax(axis=1))
    assert changed.sum(axis=1) == pytest.approx(np.ones(500))


def test_temperature_by_hand() -> None:
    # √0.64 : √0.36 = 8 : 6
    assert temperature_scaling(2.0, 2).apply(np.array([[0.64, 0.36]], np.float32))[
        0
    ] == pytest.approx([8 / 14, 6 / 14])


def test_a_probability_of_0_stays_one() -> None:
    changed = temperature_scaling(0.5, 2).apply(np.array([[1.0, 0.0]], np.float32))
    assert changed[0] == pytest.approx([1, 0])
    assert negative_log_likelihood(np.array([1], np.int32), changed)[0] < 60


def test_a_bias_between_classes_takes_vector_scaling() -> None:
    truth, probabilities = miscalibrated(1.0, n=6000, bias=np.array([0, 0, 0, 1.0, -1.0]))
    event = np.arange(len(truth), dtype=np.int32)
    assert best_method(truth, probabilities, event) == "vector"
    found = fit_calibration(truth, probabilities, "vector")
    assert found.bias - found.bias.mean() == pytest.approx([0, 0, 0, 1, -1], abs=0.15)
    assert found.scale == pytest.approx(np.ones(5), abs=0.1)


def test_without_bias_or_with_few_answers_a_temperature_does() -> None:
    truth, probabilities = miscalibrated(2.0, n=2000)
    assert best_method(truth, probabilities, np.arange(2000, dtype=np.int32)) == "temperature"
    truth, probabilities = miscalibrated(1.0, n=60, bias=np.array([0, 0, 0, 1.0, -1.0]))
    assert best_method(truth, probabilities, np.arange(60, dtype=np.int32)) == "temperature"


VECTOR = Calibration(
    "vector", np.array([0.2, 1, 3, 0.7, 8], np.float32), np.array([3, 0, -5, 1, 2], np.float32)
)


@pytest.mark.parametrize(
    "calibration", [temperature_scaling(2.0, 5), temperature_scaling(0.3, 5), VECTOR]
)
def test_calibration_can_be_undone(make_scored, calibration: Calibration) -> None:
    truth, probabilities = miscalibrated(2.0, n=1000)
    scored = make_scored(truth, probabilities)
    changed = apply_calibration(scored, {"species": calibration}, combine)
    assert np.abs(changed.events.probabilities["species"] - probabilities).max() > 0.1
    back = undo_calibration(changed, {"species": calibration.to_json()}, combine)
    assert back.events.probabilities["species"] == pytest.approx(probabilities, abs=1e-3)


def test_without_calibration_there_is_nothing_to_undo(make_scored) -> None:
    scored = make_scored([0, 1], [[0.9, 0.1], [0.2, 0.8]])
    assert undo_calibration(scored, {}, combine) is None


@pytest.mark.parametrize(
    "told", [{}, {"method": "vector", "scale": [1], "bias": [0]}, {"method": "x"}, [1]]
)
def test_a_damaged_calibration_is_an_error(make_scored, told: Any) -> None:
    with pytest.raises(InputError, match="the model's calibration is damaged"):
        undo_calibration(make_scored([0, 1], [[0.9, 0.1], [0.2, 0.8]]), {"species": told}, combine)


def test_fitting_a_split_tells_before_and_after(make_scored) -> None:
    scored = make_scored(*miscalibrated(2.5, n=4000))
    found = fit_labels(scored, combine, CalibrateConfig()).labels["species"]
    told = found.to_json()
    assert (told["method"], told["answers"], told["events"]) == ("temperature", 4000, 4000)
    assert told["after"]["nll"] < told["before"]["nll"]
    assert told["after"]["reliability"]["ece"] < 0.03 < told["before"]["reliability"]["ece"]
    assert told["after"]["top_1"] == told["before"]["top_1"]
    assert len(told["thresholds"]) == 5


def test_a_split_with_one_class_can_not_be_calibrated(make_scored) -> None:
    with pytest.raises(
        InputError,
        match="'species' is not calibrated: the split has only one class, 'deer': give a --split",
    ):
        fit_labels(
            make_scored([0, 0], [[0.5, 0.5], [0.7, 0.3]], ["deer", "fox"]),
            combine,
            CalibrateConfig(),
        )
    with pytest.raises(InputError, match="the split has no truth"):
        fit_labels(make_scored([-1, -1], [[0.5, 0.5], [0.7, 0.3]]), combine, CalibrateConfig())


def test_not_a_number_is_refused(make_scored) -> None:
    with pytest.raises(InputError, match="are not numbers from 0 to 1"):
        fit_labels(make_scored([0, 1], [[0.5, 0.5], [np.nan, 0.3]]), combine, CalibrateConfig())
