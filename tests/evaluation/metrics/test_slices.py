"""Accuracy by slice, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.evaluation.metrics.slices import light_slices, location_slices, photo_count_slices


def test_location_slices_by_hand(estimator_of) -> None:
    # camera b: 2 of 20 right, a: 18 of 20, c: 1 of 1
    of_row = np.array([0] * 20 + [1] * 20 + [2])
    truth = np.array([0, 1] * 10 + [0, 1] * 10 + [0], np.int32)
    right = np.array([1] * 18 + [0] * 2 + [1] * 2 + [0] * 18 + [1], bool)
    found = location_slices(
        ("a", "b", "c"),
        of_row,
        truth,
        np.where(right, truth, 1 - truth).astype(np.int64),
        estimator_of(right),
    )
    assert [(group.name, group.n, group.top_1.value) for group in found.all] == [
        ("a", 20, 0.9),
        ("b", 20, 0.1),
        ("c", 1, 1.0),
    ]
    assert [group.name for group in found.worst] == ["b", "a", "c"]
    assert found.counted == 2
    assert found.spread == pytest.approx({"0": 0.1, "0.1": 0.18, "0.5": 0.5, "0.9": 0.82, "1": 0.9})
    assert found.all[0].recall.value == pytest.approx(0.9)


def test_slices_leave_out_unknown_values(estimator_of) -> None:
    truth = np.array([0, 1, 1], np.int32)
    top = np.array([0, 1, 0])
    estimator = estimator_of([1, 1, 0])
    assert location_slices((), np.array([-1, -1, -1]), truth, top, estimator) is None
    assert [
        (group.name, group.n, group.top_1.value)
        for group in light_slices([1, -1, 3], truth, top, estimator)
    ] == [("night", 1, 1.0), ("infrared", 1, 0.0)]
    found = photo_count_slices(np.array([0, 1, 25], np.int32), truth, top, estimator)
    assert [(group.name, group.n) for group in found] == [("1", 1), ("10 or more", 1)]
