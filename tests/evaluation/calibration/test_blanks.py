"""Fitted limits of blanks: what counts as an animal, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.evaluation.answers.predictions import FOREIGN, EvaluationData
from ctc.evaluation.calibration.blanks import describe_blanks, fit_blanks
from ctc.evaluation.config import CalibrateConfig

CLASSES = ("deer", "human", "empty")
INFO = ModelInfo({"species": CLASSES}, Preprocessing(8, 8))


def fitted(data: EvaluationData, loss: float | None = 0.02) -> list[dict[str, Any]]:
    return fit_blanks(data, INFO, CalibrateConfig(blank_loss=loss)).get("blanks", [])


def rows(blank: Any) -> np.ndarray:
    """Return probabilities of CLASSES with these of blank."""
    values = np.asarray(blank, np.float64)
    return np.column_stack([(1 - values) / 2, (1 - values) / 2, values])


def test_fit_blanks_loses_none_of_the_fewest_events_that_prove_it(make_data) -> None:
    animals, blanks = np.linspace(0, 0.5, 149), np.array([0.25, 0.75, 0.875, 1])
    data = make_data([0] * 149 + [2] * 4, rows(np.concatenate([animals, blanks])), CLASSES)
    (entry,) = fitted(data)
    assert entry["limit"] == pytest.approx(0.5)
    assert (entry["lost"], entry["animals"], entry["blanks"]) == (0, 149, 4)
    assert (entry["removed"], entry["classes"], entry["score"]) == (0.75, ["empty"], "classes")
    assert describe_blanks(entry) == (
        "'species': `ctc predict --drop-blanks` drops at most 2.0% of the events with animals at"
        " these locations, with 95% confidence (0 of"
        " 149 events with animals of 149 runs of events here), 75% of the blanks with them"
    )


@pytest.mark.parametrize("truth", [1, FOREIGN])
def test_people_and_foreign_classes_count_as_animals(make_data, truth: int) -> None:
    values = rows(np.append(np.linspace(0, 0.5, 148), 0.875))
    (entry,) = fitted(make_data([0] * 148 + [truth], values, CLASSES))
    assert (entry["limit"], entry["animals"]) == (pytest.approx(0.875), 149)


def test_fit_blanks_with_a_detector_takes_the_surest_box(make_data) -> None:
    boxes = np.linspace(1, 0.5, 149).astype(np.float32)
    data = make_data([0] * 149, rows(np.zeros(149)), CLASSES, surest_box=boxes)
    (entry,) = fitted(data)
    assert (entry["limit"], entry["score"]) == (0.25, "classes and boxes")


@pytest.mark.parametrize(
    ("count", "more", "refused"),
    [
        (148, {}, "at least 149 are needed"),
        (
            300,
            {"location": np.arange(300, dtype=np.int32) % 4, "locations": tuple("abcd")},
            "from at least 5 locations",
        ),
        (
            300,
            {"foreign": {"species": {"nothing": 3}}},
            "the model doesn't know 'nothing', which means blank",
        ),
    ],
)
def test_fit_blanks_refuses_what_is_not_proven(make_data, count: int, more, refused: str) -> None:
    data = make_data([0] * count, rows(np.linspace(0, 0.5, count)), CLASSES, **more)
    (entry,) = fitted(data)
    assert (entry["limit"], entry["refused"]) == (None, refused)
    assert describe_blanks(entry).endswith(f"; {refused}")


def test_fit_blanks_refuses_animals_that_are_too_alike(make_data) -> None:
    place = np.repeat(np.arange(10, dtype=np.int32), 30)
    data = make_data(
        [0] * 300, rows(place / 10), CLASSES, location=place, locations=tuple("abcdefghij")
    )
    (entry,) = fitted(data)
    assert entry["refused"] == (
        "too many of them look blank, or they are too alike within locations"
    )


def test_fit_blanks_without_the_option_or_a_blank_class_promises_nothing(make_data) -> None:
    data = make_data([0] * 200, rows(np.zeros(200)), CLASSES)
    assert fitted(data, None) == []
    other = make_data([0] * 200, rows(np.zeros(200)), ("deer", "fox", "hare"))
    assert fitted(other) == []
