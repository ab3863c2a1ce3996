"""Ranking of events to label next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctc.evaluation.worklists.active_learning import rank_for_labelling


def test_rank_for_labelling_by_hand(make_data) -> None:
    # labelled: five of class 0 and one of class 1 at location 0
    # unlabelled: certain at 0, uncertain at 0, certain and new at 1, certain and rare at 0
    truth = [0, 0, 0, 0, 0, 1, -1, -1, -1, -1]
    probabilities = [[0.9, 0.1]] * 6 + [[0.99, 0.01], [0.55, 0.45], [0.99, 0.01], [0.01, 0.99]]
    location = np.array([0] * 8 + [1, 0], np.int32)
    worth = rank_for_labelling(
        make_data(truth, probabilities, location=location, locations=("old", "new")), "species"
    )
    assert worth.event.tolist() == [7, 8, 9, 6]
    assert worth.uncertainty == pytest.approx([0.9, 0.02, 0.02, 0.02], abs=1e-6)
    assert worth.novelty == pytest.approx([7**-0.5, 1, 7**-0.5, 7**-0.5])
    assert worth.rarity[2] == pytest.approx(0.99 + 0.01 * (2 / 6) ** 0.5, abs=1e-6)
    # event 6 is the second of its location and class
    plain = 0.02 + 0.5 * (0.99 * (2 / 6) ** 0.5 + 0.01) + 0.5 * 7**-0.5
    assert worth.value[-1] == pytest.approx(plain / 2**0.5, abs=1e-6)


def test_rank_for_labelling_skips_events_that_another_label_calls_empty(make_data) -> None:
    data = make_data([0, 1, -1, -1], [[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [0.5, 0.5]])
    probabilities = {**data.events.probabilities, "seen": np.full((4, 2), 0.5, np.float32)}
    data = replace(
        data,
        classes={**data.classes, "seen": ("Nothing here", "animal")},
        truth={**data.truth, "seen": np.array([1, 1, 0, -1], np.int32)},
        events=replace(data.events, probabilities=probabilities),
    )
    assert rank_for_labelling(data, "species").event.tolist() == [3]


def test_rank_for_labelling_spreads_over_locations(make_data) -> None:
    probabilities = [[0.5, 0.5]] * 50 + [[0.8, 0.2]]
    location = np.array([0] * 50 + [1], np.int32)
    data = make_data([-1] * 51, probabilities, location=location, locations=("grass", "other"))
    assert rank_for_labelling(data, "species").event.tolist().index(50) < 10


def test_rank_for_labelling_by_uncertainty_without_locations_or_labels(make_data) -> None:
    worth = rank_for_labelling(make_data([-1, -1], [[0.9, 0.1], [0.4, 0.6]]), "species")
    assert (worth.event.tolist(), worth.novelty.tolist()) == ([1, 0], [0, 0])
