"""Places and runs of photos as clusters of events."""

from __future__ import annotations

import numpy as np

from ctc.artifacts.predictions import EventPrediction, ImagePrediction
from ctc.inference.decisions.priors.clusters import EventClusters


def clusters(*events: tuple[str, str, dict[str, str]]) -> EventClusters:
    """Return the clusters of events of (path, time, meta)."""
    found = EventClusters()
    for path, taken, meta in events:
        values = {"species": np.ones(1, np.float32)}
        photo = ImagePrediction(path, values, taken or None)
        found.add(EventPrediction(path, {"species": ("fox",)}, values, (photo,), meta))
    return found


def test_columns_say_the_place_before_folders() -> None:
    found = clusters(
        ("a/1.jpg", "", {"location": "N"}), ("b/2.jpg", "", {"location": "N"}), ("b/3.jpg", "", {})
    )
    assert found.numbers().tolist() == [0, 0, 1]
    assert found.describe() == "2 places"


def test_folders_of_a_card_are_one_place() -> None:
    found = clusters(
        ("N/100RECNX/1.jpg", "", {}),
        ("N\\101RECNX\\1.jpg", "", {}),
        ("S/DCIM/100MEDIA/1.jpg", "", {}),
    )
    assert found.numbers().tolist() == [0, 0, 1]


def test_events_of_one_place_are_in_runs() -> None:
    found = clusters(
        ("a/1.jpg", "2020-01-01T10:00:00", {}),
        ("a/2.jpg", "2020-01-01T10:50:00", {}),
        ("a/3.jpg", "2020-01-01T10:30:00", {}),
        ("a/4.jpg", "", {"datetime": "2020-01-01 12:00"}),
        ("a/5.jpg", "", {}),
        ("a/6.jpg", "", {}),
    )
    assert found.numbers().tolist() == [0, 0, 0, 1, 2, 3]
    assert found.describe() == "4 runs of photos"
