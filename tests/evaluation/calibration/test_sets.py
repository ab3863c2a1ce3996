"""Fitted prediction sets: entries per label and unit, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.model.promises import PredictionSetup
from ctc.evaluation.answers.predictions import FOREIGN, EvaluationData, UnitPredictions
from ctc.evaluation.calibration.sets import describe_sets, fit_sets
from ctc.evaluation.config import CalibrateConfig

CLASSES = ("deer", "fox")
INFO = ModelInfo({"species": CLASSES}, Preprocessing(8, 8))


def fitted(data: EvaluationData) -> list[dict[str, Any]]:
    return fit_sets(data, INFO, CalibrateConfig()).get("sets", [])


def rows(count: int) -> np.ndarray:
    """Return probabilities of deer and fox, that of deer from 0.01 on."""
    deer = np.arange(1, count + 1) / (count + 1)
    return np.column_stack([deer, 1 - deer])


def test_fit_sets_has_the_limits_of_all_levels_that_the_events_carry(make_data) -> None:
    (entry,) = fitted(make_data([0] * 99, rows(99), CLASSES))
    assert entry["levels"]["0.90"] == {
        "own": {"deer": pytest.approx(0.1)},
        "others": pytest.approx(0.1),
    }
    assert (min(entry["levels"]), max(entry["levels"])) == ("0.50", "0.99")
    assert (entry["label"], entry["events"], entry["scope"]) == ("species", 99, "same locations")
    assert PredictionSetup.from_json(entry["made_for"]) == PredictionSetup()


def test_fit_sets_raises_the_level_for_events_of_foreign_classes(make_data) -> None:
    data = make_data([0] * 95 + [FOREIGN] * 5, np.vstack([rows(95), rows(5)]), CLASSES)
    (entry,) = fitted(data)
    assert entry["foreign"] == 5
    assert entry["levels"]["0.90"]["others"] == pytest.approx(5 / 96)
    assert max(entry["levels"]) == "0.94"


def test_fit_sets_of_photos_is_for_photos(make_data) -> None:
    photos = UnitPredictions(
        np.repeat(np.arange(30, dtype=np.int32), 2), ("",) * 60, {"species": rows(60)}
    )
    data = make_data([0] * 30, rows(30), CLASSES, photos=photos)
    of_events, of_photos = fitted(data)
    assert PredictionSetup.from_json(of_photos["made_for"]) == PredictionSetup("photo", "")
    assert (of_events["events"], of_photos["events"]) == (30, 30)


def test_fit_sets_of_few_locations_promises_nothing(make_data) -> None:
    place = np.arange(99, dtype=np.int32) % 4
    data = make_data([0] * 99, rows(99), CLASSES, location=place, locations=tuple("abcd"))
    (entry,) = fitted(data)
    assert entry["levels"] == {}
    assert describe_sets(entry) == (
        "'species': 99 events of 4 locations are too few for prediction sets"
    )


def test_fit_sets_leaves_out_a_label_without_truth(make_data) -> None:
    assert fitted(make_data([-1, -1], [[0.5, 0.5], [0.5, 0.5]], CLASSES)) == []


def test_describe_sets_tells_how_far_the_evidence_reaches(make_data) -> None:
    data = make_data([0] * 30 + [FOREIGN], np.vstack([rows(30), rows(1)]), CLASSES)
    (entry,) = fitted(data)
    assert describe_sets(entry) == (
        "'species': 31 events of 30 runs of events, 1 of classes that the model doesn't know carry"
        " prediction sets up to --sets 0.93 for same locations"
    )
