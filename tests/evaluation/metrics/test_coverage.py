"""Accuracy and coverage, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctc.evaluation.metrics.coverage import compute_coverage


def test_compute_coverage_by_hand(estimator_of) -> None:
    top = np.array([0.99, 0.9, 0.9, 0.8, 0.6], np.float32)  # right, right, wrong, right, wrong
    estimator = estimator_of([1, 1, 0, 1, 0])
    found = compute_coverage(
        np.array([0, 0, 1, 0, 1], np.int32),
        np.stack([top, 1 - top], axis=1),
        np.full(5, 0.85, np.float32),
        estimator,
    )
    assert [(round(one.threshold, 4), one.share, one.accuracy.value) for one in found.curve] == [
        (0.99, 0.2, 1.0),
        (0.9, 0.6, pytest.approx(2 / 3)),  # equal probabilities are accepted together
        (0.8, 0.8, 0.75),
        (0.6, 1.0, 0.6),
    ]
    table = {one.threshold: one for one in found.table}
    assert (table[0.9].share, table[0.9].accuracy.value) == (0.6, pytest.approx(2 / 3))
    assert math.isnan(
        compute_coverage(
            np.array([0], np.int32), np.array([[0.6, 0.4]], np.float32), None, estimator_of([1])
        )
        .table[-1]
        .accuracy.value
    )
    assert found.targets["0.95"].hindsight.share == 0.2
    assert (found.targets["0.95"].promised, found.targets["0.95"].refusal) == (None, "too few")
    assert found.thresholds.share == 0.6


def test_compute_coverage_reaches_no_target_if_most_confident_is_wrong(estimator_of) -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    found = compute_coverage(np.array([1, 1], np.int32), probabilities, None, estimator_of([0, 0]))
    assert [one.hindsight for one in found.targets.values()] == [None] * 4
    assert found.thresholds is None


def test_compute_coverage_promises_less_than_hindsight(estimator_of) -> None:
    rng = np.random.default_rng(0)
    top = np.sort(rng.uniform(0.5, 1, 2000))[::-1].astype(np.float32)
    right = rng.random(2000) < np.minimum(0.5 + top / 2 + 0.05, 1)
    found = compute_coverage(
        np.where(right, 0, 1).astype(np.int32), np.stack([top, 1 - top], axis=1), None,
        estimator_of(right),
    )  # fmt: skip
    target = found.targets["0.95"]
    assert found.scope == "same locations"
    assert target.promised.at_least >= 0.95
    assert 0 < target.promised.share < target.hindsight.share


def test_compute_coverage_promises_nothing_for_new_cameras_from_two(estimator_of) -> None:
    top = np.linspace(0.99, 0.9, 2000).astype(np.float32)
    right = np.ones(2000, bool)
    found = compute_coverage(
        np.zeros(2000, np.int32), np.stack([top, 1 - top], axis=1), None,
        estimator_of(right, location=np.arange(2000) % 2),
    )  # fmt: skip
    assert (found.scope, found.targets["0.9"].refusal) == ("new locations", "too few locations")
