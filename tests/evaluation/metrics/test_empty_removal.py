"""Removal of empty photos, worked out by hand."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.metrics.empty_removal import empty_removal


def test_empty_removal_by_hand(estimator_of) -> None:
    # 10 empties, 100 animals: one animal is at 0.88 or more, with six empties; five are at 0.1 or
    # more, with all empties
    of_empty = [0.99, 0.97, 0.96, 0.9, 0.9, 0.88, 0.8, 0.7, 0.6, 0.1]
    of_animals = [0.95, 0.85, 0.75, 0.65, 0.55, *[0.01] * 95]
    probability = np.array(of_empty + of_animals, np.float32)
    truth = np.array([0] * 10 + [1] * 100, np.int32)
    found = empty_removal(
        truth,
        np.stack([probability, 1 - probability], axis=1),
        ("Nothing here", "fox"),
        estimator_of((probability >= 0.5) == (truth == 0)),
    )
    assert (found.classes, found.empty, found.animals) == (("Nothing here",), 10, 100)
    points = [(one.allowed, one.hindsight) for one in found.points]
    assert [(allowed, one.empties.value, one.animals.value) for allowed, one in points] == [
        (0.01, 0.6, 0.01),
        (0.05, 1.0, 0.05),
        (0.1, 1.0, 0.05),
    ]


def test_empty_removal_without_empty_class_is_none(estimator_of) -> None:
    assert (
        empty_removal(
            np.array([0, 1], np.int32),
            np.eye(2, dtype=np.float32),
            ("fox", "wolf"),
            estimator_of([1, 1]),
        )
        is None
    )
    assert (
        empty_removal(
            np.array([1, 1], np.int32),
            np.eye(2, dtype=np.float32),
            ("empty", "wolf"),
            estimator_of([0, 1]),
        )
        is None
    )


def test_empty_removal_promises_less_than_hindsight(estimator_of) -> None:
    rng = np.random.default_rng(0)
    is_empty = np.arange(3000) < 1000
    probability = np.where(is_empty, rng.beta(4, 2, 3000), rng.beta(1, 6, 3000)).astype(np.float32)
    found = empty_removal(
        np.where(is_empty, 0, 1).astype(np.int32),
        np.stack([probability, 1 - probability], axis=1),
        ("empty", "fox"),
        estimator_of((probability >= 0.5) == is_empty),
    )
    point = found.points[1]
    assert (point.allowed, point.refusal, found.scope) == (0.05, None, "same locations")
    assert 0.02 < point.promised.animals.value < point.hindsight.animals.value <= 0.05
    assert point.promised.empties.value < point.hindsight.empties.value


def test_empty_removal_says_why_it_promises_nothing(estimator_of) -> None:
    probability = np.array([0.9] * 20 + [0.1] * 40, np.float32)
    found = empty_removal(
        np.array([0] * 20 + [1] * 40, np.int32),
        np.stack([probability, 1 - probability], axis=1),
        ("empty", "fox"),
        estimator_of(np.ones(60)),
    )
    # 40 animals, none of which is lost: 299 and 59 are needed for 1 and 5 %, 29 for 10 %
    assert [one.refusal for one in found.points] == ["too few", "too few", None]
    assert [one.promised is None for one in found.points] == [True, True, False]
