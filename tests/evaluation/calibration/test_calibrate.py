"""Fitting of all labels of a split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.calibration.calibrate import fit_labels
from ctc.evaluation.config import CalibrateConfig


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


def test_fit_labels_reports_quality_before_and_on_other_folds(make_data) -> None:
    data = make_data(*miscalibrated(2.5, n=4000))
    found = fit_labels(data, CalibrateConfig()).labels["species"]
    entry = found.to_json()
    assert (entry["method"], entry["answers"], entry["events"]) == ("temperature", 4000, 4000)
    assert (entry["folds"], entry["folds_of"]) == (5, "events")
    assert entry["after"]["nll"] < entry["before"]["nll"]
    assert entry["after"]["reliability"]["ece"] < 0.03 < entry["before"]["reliability"]["ece"]
    assert entry["after"]["top_1"] == entry["before"]["top_1"]


def test_fit_labels_reports_errors_of_answers_not_fitted_to(make_data) -> None:
    # answers without any pattern: what vector scaling learns of one fold is wrong for another
    rng = np.random.default_rng(0)
    probabilities = softmax(rng.normal(0, 1, (30, 5))).astype(np.float32)
    data = make_data(rng.integers(0, 5, 30), probabilities)
    found = fit_labels(data, CalibrateConfig(method="vector"))
    label = found.labels["species"]
    fitted = label.calibration.apply(probabilities)[np.arange(30), data.truth["species"]]
    assert -np.log(fitted).mean() < label.after.nll
    assert "there is too little data for it, use --method temperature" in found.notes[0]


def test_fit_labels_folds_whole_locations(make_data) -> None:
    truth, probabilities = miscalibrated(2.0, n=300)
    location = (np.arange(300) % 3).astype(np.int32)
    data = make_data(truth, probabilities, location=location, locations=("a", "b", "c"))
    found = fit_labels(data, CalibrateConfig()).labels["species"]
    assert (found.folds, found.folds_of) == (3, "locations")


def test_fit_labels_of_one_event_per_class_has_no_error_of_other_folds(make_data) -> None:
    data = make_data([0, 1], [[0.9, 0.1], [0.2, 0.8]])
    found = fit_labels(data, CalibrateConfig()).labels["species"]
    assert (found.folds, found.calibration.method) == (2, "temperature")


def test_fit_labels_rejects_split_with_one_class(make_data) -> None:
    with pytest.raises(
        InputError,
        match="'species' is not calibrated: the split has only one class, 'deer': give a --split",
    ):
        fit_labels(make_data([0, 0], [[0.5, 0.5], [0.7, 0.3]], ["deer", "fox"]), CalibrateConfig())
    with pytest.raises(InputError, match="the split has no ground truth"):
        fit_labels(make_data([-1, -1], [[0.5, 0.5], [0.7, 0.3]]), CalibrateConfig())


def test_fit_labels_rejects_nan(make_data) -> None:
    with pytest.raises(InputError, match="are not numbers from 0 to 1"):
        fit_labels(make_data([0, 1], [[0.5, 0.5], [np.nan, 0.3]]), CalibrateConfig())
