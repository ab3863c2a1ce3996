"""All figures of an evaluation, and what is said where some can't be."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from ctc.errors import InputError
from ctc.evaluation.answers.predictions import FOREIGN, UnitPredictions
from ctc.evaluation.metrics.evaluate import EvaluationContext, evaluate, in_top_k
from ctc.evaluation.metrics.metrics_file import write_metrics

PROBABILITIES = [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]


def test_top_1_top_5_and_the_confusion_matrix_by_hand(make_scored) -> None:
    scores = (
        evaluate(make_scored([0, 1, 1, 2], PROBABILITIES), EvaluationContext())
        .labels["species"]
        .units["event"]
    )
    assert (scores.n, scores.top_1.value, scores.top_5.value) == (4, 0.75, 1.0)
    assert scores.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))


def test_top_k_counts_classes_that_are_more_probable() -> None:
    probabilities = np.array([[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]], np.float32)
    assert in_top_k(np.array([2, 3]), probabilities, 2).tolist() == [False, True]


def test_photos_are_judged_by_the_truth_of_their_event(make_scored) -> None:
    photos = UnitPredictions(
        np.array([0, 0, 1], np.int32),
        ("a", "b", "c"),
        {"species": np.array([[1, 0], [0, 1], [0, 1]], np.float32)},
    )
    scored = make_scored([0, 1], [[0.6, 0.4], [0.2, 0.8]], photos=photos)
    units = evaluate(scored, EvaluationContext()).labels["species"].units
    assert (units["event"].top_1.value, units["photo"].top_1.value) == (1.0, pytest.approx(2 / 3))


def test_missing_truth_is_not_counted_and_foreign_classes_count_as_wrong_apart(make_scored) -> None:
    scored = make_scored([0, -1, FOREIGN, 2], PROBABILITIES, foreign={"species": {"lynx": 1}})
    found = evaluate(scored, EvaluationContext())
    scores = found.labels["species"].units["event"]
    assert (scores.n, scores.missing, scores.foreign) == (2, 1, 1)
    assert (scores.top_1.value, scores.top_1_with_foreign) == (1.0, pytest.approx(2 / 3))
    assert "the model doesn't know 1 classes of 'species' that occur: 'lynx' (1)" in found.notes


def test_rare_classes_are_those_that_training_hardly_saw(make_scored) -> None:
    scored = make_scored([0, 1, 1, 2], PROBABILITIES, ["deer", "fox", "wolf"])
    rare = (
        evaluate(scored, EvaluationContext(train_counts={"species": (500, 500, 5)}))
        .labels["species"]
        .units["event"]
        .rare
    )
    assert rare.names == ("wolf",)
    assert (rare.rare.recall.value, rare.others.recall.value) == (1.0, 0.75)


def test_without_rare_classes_there_is_no_mean_over_them(make_scored) -> None:
    rare = (
        evaluate(make_scored([0, 1, 1, 2], PROBABILITIES), EvaluationContext())
        .labels["species"]
        .units["event"]
        .rare
    )
    assert (rare.names, rare.rare) == ((), None)


def test_what_is_left_out_is_said(make_scored) -> None:
    scored = replace(
        make_scored([0, 0, 0, 0], PROBABILITIES), photos_in_event=np.zeros(4, np.int32)
    )
    notes = evaluate(scored, EvaluationContext(), ("one more",)).notes
    assert notes == (
        "one more",
        "figures per photo are left out: only answers for whole events are known",
        "figures by location are left out: no event tells",
        "figures by day and night are left out: no event tells",
        "figures by number of photos are left out: no event tells",
        "empty against animal is left out: no label has empty events, of a class such as 'empty', and others",
        "'species' has only one class in the truth, 'class 0': its figures say little",
    )


def test_empty_against_animal_is_not_missed_where_another_label_tells_it(make_scored) -> None:
    scored = make_scored([0, 1, 1, 2], PROBABILITIES, ["empty", "fox", "wolf"])
    classes = {**scored.classes, "count": ("1", "2", "3")}
    probabilities = dict.fromkeys(classes, scored.events.probabilities["species"])
    both = replace(
        scored,
        classes=classes,
        truth=dict.fromkeys(classes, scored.truth["species"]),
        events=replace(scored.events, probabilities=probabilities),
    )
    assert not any(
        "empty against animal" in note for note in evaluate(both, EvaluationContext()).notes
    )


@pytest.mark.parametrize("bad", [np.nan, -0.5, 1.5])
def test_probabilities_that_are_none_are_refused(make_scored, bad: float) -> None:
    scored = make_scored([0, 1], [[0.5, 0.5], [bad, 0.5]])
    with pytest.raises(
        InputError,
        match="'species' are not numbers from 0 to 1 for 1 of 2 events, such as event 'event 1'",
    ):
        evaluate(scored, EvaluationContext())


def test_without_any_truth_there_is_nothing_to_evaluate(make_scored) -> None:
    with pytest.raises(InputError, match="no answer can be compared"):
        evaluate(make_scored([-1, FOREIGN], [[0.5, 0.5], [0.5, 0.5]]), EvaluationContext())


def test_the_files_hold_every_figure_and_null_for_none(make_scored, tmp_path) -> None:
    write_metrics(
        evaluate(
            make_scored([0, 1, 1, 0], PROBABILITIES, ["deer", "fox", "wolf"]), EvaluationContext()
        ),
        tmp_path,
    )
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    scores = metrics["labels"]["species"]["units"]["event"]
    assert (metrics["format"], metrics["format_version"]) == ("ctc-metrics", 1)
    assert (scores["top_1"]["value"], scores["locations"]) == (0.5, None)
    assert scores["classes"][2]["recall"] == {"value": None, "low": None, "high": None}
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["class"], row["unit"], row["support"], row["recall"]) for row in rows] == [
        ("deer", "event", "2", "0.500000"),
        ("fox", "event", "2", "0.500000"),
        ("wolf", "event", "0", ""),
    ]
