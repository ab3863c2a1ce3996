"""Choice of the examples to explain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctc.evaluation.answers.predictions import UnitPredictions
from ctc.evaluation.explain.explain import choose_examples

NAMES = ["empty", "fox"]


@pytest.fixture
def data(make_data):
    """Right about empty at 0.9, 0.9, 0.9; right about a fox at 0.6, wrong at 0.7 and 0.8."""
    probabilities = [[0.9, 0.1]] * 3 + [[0.4, 0.6], [0.7, 0.3], [0.8, 0.2]]
    return make_data([0, 0, 0, 1, 1, 1], probabilities, NAMES)


@pytest.mark.parametrize(
    ("count", "events"),
    [(1, [5]), (2, [5, 3]), (4, [5, 4, 3, "empty"]), (9, [5, 4, 3, "empty", "empty", "empty"])],
)
def test_choose_examples_takes_mistakes_first_and_empty_last(data, count: int, events) -> None:
    found = choose_examples(data, count)
    assert [
        one.truth if one.truth == "empty" else int(one.event_id.split()[1]) for one in found
    ] == events
    assert (found[0].truth, found[0].predicted, found[0].class_index) == ("fox", "empty", 0)
    assert found[0].confidence == pytest.approx(0.8)


def test_choose_examples_takes_one_photo_per_event(data) -> None:
    photos = UnitPredictions(
        np.array([0, 0, 0], np.int32),
        ("a", "b", "c"),
        {"species": np.array([[0.2, 0.8]] * 3, np.float32)},
    )
    assert [one.path for one in choose_examples(replace(data, photos=photos), 5)] == ["a"]


def test_choose_examples_takes_right_predictions_without_mistakes(make_data) -> None:
    data = make_data([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], NAMES)
    assert [one.predicted for one in choose_examples(data, 3)] == ["fox", "fox", "empty"]
