"""Labels that are likely wrong, and events to label next."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctc.evaluation.worklists.active_learning import rank_for_labelling
from ctc.evaluation.worklists.label_errors import find_label_errors
from ctc.evaluation.worklists.review_lists import write_label_errors, write_to_label


def world(n: int, planted: int, seed: int = 0):
    """A model that is right at 92 % of `n` events of 8 classes, whose labels are wrong at `planted`
    of them."""
    rng = np.random.default_rng(seed)
    real = rng.integers(0, 8, n)
    scores = rng.normal(0, 1, (n, 8))
    scores[np.arange(n), real] += 3
    probabilities = np.exp(1.5 * scores)
    wrong = rng.choice(n, planted, replace=False)
    labels = real.copy()
    labels[wrong] = (real[wrong] + rng.integers(1, 8, planted)) % 8
    return (
        labels.astype(np.int32),
        (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32),
        set(wrong.tolist()),
    )


@pytest.mark.parametrize("planted", [30, 300])
def test_four_fifths_of_the_planted_errors_are_at_the_top(planted: int) -> None:
    labels, probabilities, wrong = world(3000, planted)
    first = find_label_errors(labels, probabilities).row[: 2 * planted].tolist()
    assert len(wrong & set(first)) >= 0.8 * planted


@pytest.fixture(scope="module")
def demo_world():
    """The true species of 640 events of the demo's world (seed 2, 40 new cameras), and what the
    model of `ctc demo` says of them."""
    with Path(__file__).with_name("demo_world.csv").open(newline="") as file:
        _, *classes = next(rows := csv.reader(file))
        told = list(rows)
    truth = np.array([classes.index(row[0]) for row in told], np.int32)
    return truth, np.array([row[1:] for row in told], np.float32)


@pytest.mark.parametrize("planted", [16, 64, 128])
def test_four_fifths_of_the_errors_planted_into_the_demos_world_are_at_the_top(
    demo_world, planted: int
) -> None:
    truth, probabilities = demo_world
    for seed in range(10):
        rng = np.random.default_rng(seed)
        wrong = rng.choice(len(truth), planted, replace=False)
        labels = truth.copy()
        labels[wrong] = (truth[wrong] + rng.integers(1, 7, planted)) % 7
        first = find_label_errors(labels, probabilities).row[: 2 * planted].tolist()
        assert len(set(wrong.tolist()) & set(first)) >= 0.8 * planted


def test_suspects_by_hand() -> None:
    # mean where labelled: class 0 (0.9 + 0.6 + 0.2) / 3 = 0.567, class 1 (0.7 + 0.45) / 2 = 0.575
    probabilities = np.array(
        [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.55, 0.45]], np.float32
    )
    found = find_label_errors(np.array([0, 0, 0, 1, 1], np.int32), probabilities)
    assert (found.row.tolist(), found.suggested.tolist()) == ([2, 4], [1, 0])
    assert found.is_confident.tolist() == [
        True,
        False,
    ]  # 0.8 is more than 0.575, 0.55 less than 0.567


def test_a_class_without_labels_is_never_suggested_with_confidence() -> None:
    found = find_label_errors(
        np.array([0, 0], np.int32), np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    )
    assert (found.row.tolist(), found.is_confident.tolist()) == ([1], [False])


def test_the_unsure_the_rare_and_the_new_come_first(make_scored) -> None:
    # labelled: five of class 0 and one of class 1 at location 0; unlabelled: sure at 0, unsure at
    # 0, sure and new at 1, sure and rare at 0
    truth = [0, 0, 0, 0, 0, 1, -1, -1, -1, -1]
    probabilities = [[0.9, 0.1]] * 6 + [[0.99, 0.01], [0.55, 0.45], [0.99, 0.01], [0.01, 0.99]]
    location = np.array([0] * 8 + [1, 0], np.int32)
    worth = rank_for_labelling(
        make_scored(truth, probabilities, location=location, locations=("old", "new")), "species"
    )
    assert worth.event.tolist() == [7, 8, 9, 6]
    assert worth.uncertainty == pytest.approx([0.9, 0.02, 0.02, 0.02], abs=1e-6)
    assert worth.novelty == pytest.approx([7**-0.5, 1, 7**-0.5, 7**-0.5])
    assert worth.rarity[2] == pytest.approx(0.99 + 0.01 * (2 / 6) ** 0.5, abs=1e-6)
    # event 6 is the second of its location and class
    plain = 0.02 + 0.5 * (0.99 * (2 / 6) ** 0.5 + 0.01) + 0.5 * 7**-0.5
    assert worth.value[-1] == pytest.approx(plain / 2**0.5, abs=1e-6)


def test_an_event_that_another_label_calls_empty_is_not_asked_for(make_scored) -> None:
    scored = make_scored([0, 1, -1, -1], [[0.9, 0.1], [0.1, 0.9], [0.5, 0.5], [0.5, 0.5]])
    answers = {**scored.events.probabilities, "seen": np.full((4, 2), 0.5, np.float32)}
    scored = replace(
        scored,
        classes={**scored.classes, "seen": ("Nothing here", "animal")},
        truth={**scored.truth, "seen": np.array([1, 1, 0, -1], np.int32)},
        events=replace(scored.events, probabilities=answers),
    )
    assert rank_for_labelling(scored, "species").event.tolist() == [3]


def test_one_camera_does_not_fill_the_list(make_scored) -> None:
    probabilities = [[0.5, 0.5]] * 50 + [[0.8, 0.2]]
    location = np.array([0] * 50 + [1], np.int32)
    scored = make_scored([-1] * 51, probabilities, location=location, locations=("grass", "other"))
    assert rank_for_labelling(scored, "species").event.tolist().index(50) < 10


def test_without_places_or_labels_uncertainty_decides(make_scored) -> None:
    worth = rank_for_labelling(make_scored([-1, -1], [[0.9, 0.1], [0.4, 0.6]]), "species")
    assert (worth.event.tolist(), worth.novelty.tolist()) == ([1, 0], [0, 0])


def test_the_lists_have_paths_and_places(make_scored, tmp_path) -> None:
    truth = [0] * 5 + [1] * 5 + [0, -1]
    probabilities = [[0.9, 0.1]] * 5 + [[0.1, 0.9]] * 5 + [[0.05, 0.95], [0.5, 0.5]]
    scored = make_scored(
        truth,
        probabilities,
        ["deer", "fox"],
        location=np.zeros(12, np.int32),
        locations=("north, 1",),
    )
    assert write_label_errors(scored, tmp_path / "errors.csv") == 1
    assert write_to_label(scored, tmp_path / "label.csv") == 1
    with (tmp_path / "errors.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [
            {
                "label": "species", "event_id": "event 10", "path": "photos/10.jpg", "location": "north, 1", "labelled": "deer",
                "suggested": "fox", "p_labelled": "0.0500", "p_suggested": "0.9500", "confident": "yes",
            }
        ]  # fmt: skip
    with (tmp_path / "label.csv").open(newline="") as file:
        assert [
            (row["path"], row["predicted"], row["uncertainty"]) for row in csv.DictReader(file)
        ] == [("photos/11.jpg", "deer", "1.0000")]
