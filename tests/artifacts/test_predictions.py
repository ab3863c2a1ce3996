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


def test_present_classes_default_threshold_is_half() -> None:
    assert [name for name, _ in event(0.5, 0.49, 0.8).present_classes("species")] == [
        "wolf",
        "deer",
    ]


def test_present_classes_uses_thresholds() -> None:
    thresholds = {"species": (0.9, 0.3, None)}
    assert event(0.8, 0.3, 0.99, thresholds=thresholds).present_classes("species") == [
        ("fox", pytest.approx(0.3))
    ]


def test_top_is_most_probable_present_class() -> None:
    assert event(0.8, 0.3, 0.1, thresholds={"species": (0.9, 0.3, 0.9)}).top("species")[0] == "fox"


def test_top_is_unknown_without_present_class() -> None:
    nothing = event(0.1, 0.3, 0.2)
    assert nothing.top("species") == ("unknown", pytest.approx(0.3))
    assert nothing.predicted_classes("species") == [("unknown", pytest.approx(0.3))]
    assert nothing.present_classes("species") == []


def test_predicted_classes_of_photo() -> None:
    one = event(0.6, 0.6, 0.6)
    assert [name for name, _ in one.predicted_classes("species")] == ["deer", "fox", "wolf"]
    assert [name for name, _ in one.predicted_classes("species", one.images[0])] == ["deer"]


def test_predicted_classes_of_single_label_is_one() -> None:
    assert event(0.8, 0.8, 0.8, multi_label=()).predicted_classes("species") == [
        ("deer", pytest.approx(0.8))
    ]
    assert event(0.8, 0.8, 0.8).predicted_classes("sex") == [("m", pytest.approx(0.6))]
