"""The shares of classes that a model was calibrated on."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.evaluation.answers.predictions import FOREIGN
from ctc.evaluation.calibration.class_shares import fit_class_shares
from ctc.evaluation.config import CalibrateConfig

CLASSES = ("deer", "fox")
INFO = ModelInfo({"species": CLASSES}, Preprocessing(8, 8))


def test_class_shares_are_the_mean_of_the_answers(make_data) -> None:
    data = make_data([0, 1, 1, FOREIGN], [[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.7, 0.3]], CLASSES)
    (entry,) = fit_class_shares(data, INFO, CalibrateConfig())["priors"]
    assert entry["shares"] == {"deer": pytest.approx(0.55), "fox": pytest.approx(0.45)}
    assert (entry["label"], entry["events"], entry["scope"]) == ("species", 4, "same locations")
    assert PredictionSetup.from_json(entry["made_for"]).aggregation == "mean"


def test_events_of_one_location_are_worth_less(make_data) -> None:
    values = np.repeat([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.2, 0.8]], 5, axis=0)
    places = {"location": np.repeat(np.arange(4), 5).astype(np.int32), "locations": tuple("abcd")}
    data = make_data([0, 1] * 10, values, CLASSES, **places)
    (entry,) = fit_class_shares(data, INFO, CalibrateConfig())["priors"]
    assert entry["independent_events"] == pytest.approx(3)
    assert entry["scope"] == "new locations"


def test_probabilities_that_do_not_sum_to_1_have_no_shares(make_data) -> None:
    data = make_data([0, 1], [[0.9, 0.5], [0.5, 0.5]], CLASSES)
    assert fit_class_shares(data, INFO, CalibrateConfig()) == {}
