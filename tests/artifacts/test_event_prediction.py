from __future__ import annotations

import numpy as np
import pytest

from ctc.artifacts.predictions import EventPrediction, ImagePrediction

CLASSES = {"species": ("deer", "fox", "wolf"), "sex": ("f", "m")}


def event(*species: float, **changes) -> EventPrediction:
    values = {"species": np.array(species, np.float32), "sex": np.array([0.4, 0.6], np.float32)}
    photo = ImagePrediction(
        "a.jpg", {"species": np.array([0.9, 0.1, 0.1], np.float32), "sex": values["sex"]}
    )
    return EventPrediction(
        "1", CLASSES, values, (photo,), **{"multi_label": ("species",), **changes}
    )


def test_every_class_that_reaches_a_half_is_present_the_most_probable_first() -> None:
    assert [name for name, _ in event(0.5, 0.49, 0.8).present_classes("species")] == [
        "wolf",
        "deer",
    ]


def test_a_class_with_a_threshold_is_present_from_there_on_and_one_with_none_never() -> None:
    thresholds = {"species": (0.9, 0.3, None)}
    assert event(0.8, 0.3, 0.99, thresholds=thresholds).present_classes("species") == [
        ("fox", pytest.approx(0.3))
    ]


def test_the_top_is_the_most_probable_of_those_present() -> None:
    assert event(0.8, 0.3, 0.1, thresholds={"species": (0.9, 0.3, 0.9)}).top("species")[0] == "fox"


def test_where_nothing_is_present_the_answer_is_unknown_with_the_highest_probability() -> None:
    nothing = event(0.1, 0.3, 0.2)
    assert nothing.top("species") == ("unknown", pytest.approx(0.3))
    assert nothing.predicted_classes("species") == [("unknown", pytest.approx(0.3))]
    assert nothing.present_classes("species") == []


def test_a_photo_has_answers_of_its_own() -> None:
    one = event(0.6, 0.6, 0.6)
    assert [name for name, _ in one.predicted_classes("species")] == ["deer", "fox", "wolf"]
    assert [name for name, _ in one.predicted_classes("species", one.images[0])] == ["deer"]


def test_another_label_has_one_answer_however_many_classes_are_probable() -> None:
    assert event(0.8, 0.8, 0.8, multi_label=()).predicted_classes("species") == [
        ("deer", pytest.approx(0.8))
    ]
    assert event(0.8, 0.8, 0.8).predicted_classes("sex") == [("m", pytest.approx(0.6))]
