"""Thresholds, worked out by hand; `test_promised_precision.py` has them on fresh data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ctc.evaluation.answers.predictions import FOREIGN
from ctc.evaluation.calibration.thresholds import (
    SLACK,
    Answers,
    Goal,
    class_thresholds,
    provable_classes,
)
from ctc.evaluation.statistics.clusters import Scope


def answers(truth: Any, confidence: Any, **more: Any) -> Answers:
    """Answers of the first of two classes, each of an event of its own."""
    confidence = np.broadcast_to(np.asarray(confidence, np.float32), len(truth))
    n = len(truth)
    given: dict[str, Any] = {
        "cluster": np.arange(n),
        "event": np.arange(n, dtype=np.int32),
        "location": np.full(n, -1),
        "day": np.full(n, ""),
    }
    return Answers(
        np.asarray(truth, np.int32),
        np.stack([confidence, 1 - confidence], axis=1),
        **(given | more),
    )


def fit(given: Answers, scope: Scope = "same locations", tail: float = 0.05):
    return class_thresholds(given, ("a", "b"), Goal(0.95, tail, scope))[0]


def test_class_thresholds_accept_all_where_all_is_right() -> None:
    confidence = np.linspace(0.99, 0.6, 103)
    found = fit(answers([0] * 103, confidence))
    assert (found.accepted, found.answers, found.events) == (103, 103, 103)
    assert (found.precision, found.refusal) == (1.0, None)
    assert 0.95 <= found.at_least < 1


def test_class_thresholds_leave_out_wrong_answers_of_low_confidence() -> None:
    found = fit(answers([0] * 600 + [1] * 400, np.linspace(0.99, 0.6, 1000)))
    assert found.accepted == 600
    assert found.precision == 1.0


def test_class_thresholds_count_classes_never_learnt_as_wrong() -> None:
    given = [0] * 600 + [FOREIGN] * 400
    assert fit(answers(given, np.linspace(0.99, 0.6, 1000))).accepted == 600


def test_class_thresholds_are_a_little_below_the_last_accepted() -> None:
    # the calibrated model's probabilities differ by rounding from those of the fit
    confidence = np.linspace(0.99, 0.6, 1000).astype(np.float32)
    found = fit(answers([0] * 600 + [1] * 400, confidence))
    gap = confidence[599] - confidence[600]
    assert found.threshold == pytest.approx(confidence[599] - gap / 2, abs=1e-6)
    assert fit(answers([0] * 100, 0.8)).threshold == pytest.approx(0.8 - SLACK)
    assert found.threshold == float(np.float32(found.threshold))


@pytest.mark.parametrize(
    ("given", "scope", "why"),
    [
        (answers([0] * 71, 0.8), "same locations", "71 answers, at least 72 are needed"),
        (
            answers([0] * 100 + [1] * 100, 0.8),
            "same locations",
            "100 of 200 answers right, of 200 runs: no precision of 95% is proven",
        ),
        (
            answers([0] * 600, 0.8, cluster=np.arange(600) % 20, location=np.arange(600) % 20),
            "new locations",
            "600 answers of 20 locations, which count as 20, at least 72 are needed",
        ),
        (
            answers(
                [0] * 68,
                0.8,
                cluster=np.zeros(68, int),
                location=np.zeros(68, int),
                day=np.repeat(["2020-05-01", "2020-05-02"], 34),
            ),
            "new locations",
            "68 answers, but all from one location on 2 days",
        ),
        (
            answers([0] * 99, 0.8, cluster=np.zeros(99, int)),
            "new locations",
            "99 answers, but all from photos without a location",
        ),
        (
            answers([0] * 99, 0.8, cluster=np.zeros(99, int), location=np.zeros(99, int)),
            "same locations",
            "99 answers, but all from one run of photos",
        ),
        (
            answers([0] * 99, 0.8, cluster=np.arange(99) % 4, location=np.arange(99) % 4),
            "new locations",
            "99 answers, but from 4 locations, 5 are needed",
        ),
        (answers([1], 0.1), "same locations", "never predicted"),
    ],
)
def test_class_thresholds_say_why_there_is_none(given: Answers, scope: Scope, why: str) -> None:
    found = fit(given, scope)
    assert (found.threshold, found.accepted, found.refusal) == (None, 0, why)


def test_class_thresholds_accept_equal_probabilities_together() -> None:
    # 200 at one probability, of which 20 are wrong: no threshold lets the right ones pass alone
    found = fit(answers([0] * 180 + [1] * 20, 0.8))
    assert (found.threshold, found.accepted) == (None, 0)


def test_class_thresholds_with_lower_precision_accept_more() -> None:
    rng = np.random.default_rng(0)
    confidence = 0.5 + 0.5 * rng.random(3000)
    given = answers(rng.random(3000) >= confidence, confidence)
    strict, loose = (
        class_thresholds(given, ("a", "b"), Goal(aim, 0.05, "same locations"))[0]
        for aim in (0.9, 0.75)
    )
    assert (loose.accepted > strict.accepted, loose.threshold < strict.threshold) == (True, True)


def test_class_thresholds_count_the_locations_of_the_accepted() -> None:
    location = np.arange(600) % 100
    found = fit(
        answers([0] * 600, np.linspace(1, 0.6, 600), cluster=location, location=location),
        "new locations",
    )
    assert (found.accepted, found.locations) == (600, 100)


def test_provable_classes_are_those_with_enough_answers() -> None:
    assert provable_classes(answers([0] * 72, 0.8), Goal(0.95, 0.05, "same locations")) == 1
    assert provable_classes(answers([0] * 71, 0.8), Goal(0.95, 0.05, "same locations")) == 0
    assert provable_classes(answers([1] * 72, 0.8), Goal(0.95, 0.05, "new locations")) == 1


def test_correlation_is_pooled_over_classes_as_they_differ_in_accuracy() -> None:
    # one class is always right at 10 locations, the other at every second answer: no location is
    # unlike the others of its class
    rng = np.random.default_rng(0)
    cluster = np.arange(2000) % 10
    right = np.concatenate([rng.random(1000) < 0.95, rng.random(1000) < 0.5])
    top = np.repeat([0, 1], 1000)
    confidence = np.where(top == 0, 0.9, 0.1)
    truth = np.where(right, top, 1 - top)
    assert answers(truth, confidence, cluster=cluster).correlation < 0.02
