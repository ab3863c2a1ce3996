"""Accuracy and coverage, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctc.evaluation.metrics.coverage import compute_coverage


def test_compute_coverage_by_hand() -> None:
    top = np.array([0.99, 0.9, 0.9, 0.8, 0.6], np.float32)  # right, right, wrong, right, wrong
    found = compute_coverage(
        np.array([0, 0, 1, 0, 1], np.int32),
        np.stack([top, 1 - top], axis=1),
        np.array([0.85, 0.0], np.float32),
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
        compute_coverage(np.array([0], np.int32), np.array([[0.6, 0.4]], np.float32), None)
        .table[-1]
        .accuracy.value
    )
    assert found.targets["0.95"].share == 0.2
    assert found.thresholds.share == 0.6


def test_compute_coverage_reaches_no_target_if_most_confident_is_wrong() -> None:
    found = compute_coverage(
        np.array([1, 1], np.int32), np.array([[0.9, 0.1], [0.8, 0.2]], np.float32), None
    )
    assert found.targets == {"0.9": None, "0.95": None, "0.98": None, "0.99": None}
    assert found.thresholds is None
