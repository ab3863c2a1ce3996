"""Fitting of all labels of a split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.calibration.calibrate import fit_labels
from ctc.evaluation.config import CalibrateConfig


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


def test_fit_labels_reports_quality_before_and_after(make_data) -> None:
    data = make_data(*miscalibrated(2.5, n=4000))
    found = fit_labels(data, first_photo, CalibrateConfig()).labels["species"]
    entry = found.to_json()
    assert (entry["method"], entry["answers"], entry["events"]) == ("temperature", 4000, 4000)
    assert entry["after"]["nll"] < entry["before"]["nll"]
    assert entry["after"]["reliability"]["ece"] < 0.03 < entry["before"]["reliability"]["ece"]
    assert entry["after"]["top_1"] == entry["before"]["top_1"]
    assert len(entry["thresholds"]) == 5


def test_fit_labels_rejects_split_with_one_class(make_data) -> None:
    with pytest.raises(
        InputError,
        match="'species' is not calibrated: the split has only one class, 'deer': give a --split",
    ):
        fit_labels(
            make_data([0, 0], [[0.5, 0.5], [0.7, 0.3]], ["deer", "fox"]),
            first_photo,
            CalibrateConfig(),
        )
    with pytest.raises(InputError, match="the split has no ground truth"):
        fit_labels(make_data([-1, -1], [[0.5, 0.5], [0.7, 0.3]]), first_photo, CalibrateConfig())


def test_fit_labels_rejects_nan(make_data) -> None:
    with pytest.raises(InputError, match="are not numbers from 0 to 1"):
        fit_labels(make_data([0, 1], [[0.5, 0.5], [np.nan, 0.3]]), first_photo, CalibrateConfig())
