"""All metrics of an evaluation, and the notes on what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.answers.predictions import FOREIGN, UnitPredictions
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate, top_k_share

PROBABILITIES = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]


def test_evaluate_accuracy_and_confusion_matrix_by_hand(make_data) -> None:
    scores = (
        evaluate(make_data([0, 1, 1, 2], PROBABILITIES), EvaluationContext())
        .labels["species"]
        .units["event"]
    )
    assert (scores.n, scores.top_1.value, scores.top_5.value) == (4, 0.75, 1.0)
    assert scores.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))


def test_top_k_share_splits_places_between_ties() -> None:
    # 2 places: third of four; four that tie; two that tie for the second place; a clear first
    probabilities = np.array(
        [[0.4, 0.3, 0.2, 0.1], [0.25] * 4, [0.4, 0.2, 0.2, 0.2], [0.1, 0.7, 0.1, 0.1]], np.float32
    )
    shares = top_k_share(np.array([2, 3, 1, 1]), probabilities, 2)
    assert shares == pytest.approx([0, 1 / 2, 1 / 3, 1])


def test_evaluate_shares_ties_of_votes_in_top_5(make_data) -> None:
    # all votes for class 0: of the other 9 classes, 4 have a place among the first five
    votes = [[1.0] + [0.0] * 9] * 90
    data = make_data([i % 9 + 1 for i in range(90)], votes)
    scores = evaluate(data, EvaluationContext()).labels["species"].units["event"]
    assert scores.top_5.value == pytest.approx(4 / 9)
    assert scores.top_5.low < 4 / 9 < scores.top_5.high


def test_evaluate_compares_photos_with_truth_of_their_event(make_data) -> None:
    photos = UnitPredictions(
        np.array([0, 0, 1], np.int32),
        ("a", "b", "c"),
        {"species": np.array([[1, 0], [0, 1], [0, 1]], np.float32)},
    )
    data = make_data([0, 1], [[0.6, 0.4], [0.2, 0.8]], photos=photos)
    units = evaluate(data, EvaluationContext()).labels["species"].units
    assert (units["event"].top_1.value, units["photo"].top_1.value) == (1.0, pytest.approx(2 / 3))


def test_evaluate_counts_missing_and_foreign_truth_separately(make_data) -> None:
    data = make_data([0, -1, FOREIGN, 2], PROBABILITIES, foreign={"species": {"lynx": 1}})
    found = evaluate(data, EvaluationContext())
    scores = found.labels["species"].units["event"]
    assert (scores.n, scores.missing, scores.foreign) == (2, 1, 1)
    assert (scores.top_1.value, scores.top_1_with_foreign.value) == (1.0, pytest.approx(2 / 3))
    assert "the model doesn't know 1 classes of 'species' that occur: 'lynx' (1)" in found.notes


def test_evaluate_finds_rare_classes_by_training_counts(make_data) -> None:
    data = make_data([0, 1, 1, 2], PROBABILITIES, ["deer", "fox", "wolf"])
    rare = (
        evaluate(data, EvaluationContext(train_counts={"species": (500, 500, 5)}))
        .labels["species"]
        .units["event"]
        .rare
    )
    assert rare.names == ("wolf",)
    assert (rare.rare.recall.value, rare.others.recall.value) == (1.0, 0.75)


def test_evaluate_without_rare_classes_has_no_mean_over_them(make_data) -> None:
    rare = (
        evaluate(make_data([0, 1, 1, 2], PROBABILITIES), EvaluationContext())
        .labels["species"]
        .units["event"]
        .rare
    )
    assert (rare.names, rare.rare) == ((), None)


def test_evaluate_notes_what_is_left_out(make_data) -> None:
    data = replace(make_data([0, 0, 0, 0], PROBABILITIES), photos_in_event=np.zeros(4, np.int32))
    notes = evaluate(data, EvaluationContext(), ("one more",)).notes
    assert notes == (
        "one more",
        "metrics per photo are left out: only predictions of whole events are known",
        "metrics by location are left out: unknown for every event",
        "metrics by light are left out: unknown for every event",
        "metrics by number of photos are left out: unknown for every event",
        (
            "removal of empty events is left out: no label has both empty events, of a class such"
            " as 'empty', and other events"
        ),
        "'species' has only one class in the ground truth, 'class 0': its metrics say little",
    )


def test_evaluate_has_no_note_on_empty_removal_if_one_label_has_it(make_data) -> None:
    data = make_data([0, 1, 1, 2], PROBABILITIES, ["empty", "fox", "wolf"])
    classes = {**data.classes, "count": ("1", "2", "3")}
    probabilities = dict.fromkeys(classes, data.events.probabilities["species"])
    both = replace(
        data,
        classes=classes,
        truth=dict.fromkeys(classes, data.truth["species"]),
        events=replace(data.events, probabilities=probabilities),
    )
    assert not any(
        "removal of empty events" in note for note in evaluate(both, EvaluationContext()).notes
    )


@pytest.mark.parametrize("bad", [np.nan, -0.5, 1.5])
def test_evaluate_rejects_invalid_probabilities(make_data, bad: float) -> None:
    data = make_data([0, 1], [[0.5, 0.5], [bad, 0.5]])
    with pytest.raises(
        InputError,
        match="'species' are not numbers from 0 to 1 for 1 of 2 events, such as event 'event 1'",
    ):
        evaluate(data, EvaluationContext())


def test_evaluate_without_ground_truth_is_an_error(make_data) -> None:
    with pytest.raises(InputError, match="no prediction can be compared"):
        evaluate(make_data([-1, FOREIGN], [[0.5, 0.5], [0.5, 0.5]]), EvaluationContext())
