"""Groups, reliability, automation, empties and intervals, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from ctc.evaluation.metrics.coverage import compute_coverage
from ctc.evaluation.metrics.empty_removal import empty_removal
from ctc.evaluation.metrics.intervals import clopper_pearson, lower_bound, proportion
from ctc.evaluation.metrics.reliability import reliability
from ctc.evaluation.metrics.slices import daylight_slices, location_slices, photo_count_slices


def test_clopper_pearson_is_that_of_scipy() -> None:
    low, high = clopper_pearson([0, 7, 10, 0], [10, 10, 10, 0])
    for i, hits in enumerate((0, 7, 10)):
        interval = binomtest(hits, 10).proportion_ci(0.95, "exact")
        assert (low[i], high[i]) == pytest.approx((interval.low, interval.high))
    assert math.isnan(low[3])
    assert math.isnan(high[3])


def test_59_of_59_right_is_at_least_95_percent_with_95_percent_confidence() -> None:
    assert lower_bound(58, 58, 0.05) < 0.95 < lower_bound(59, 59, 0.05)  # 0.95**59 = 0.0485


def test_a_share_of_nothing_is_no_number() -> None:
    assert math.isnan(proportion(0, 0).value)


def test_calibration_error_by_hand() -> None:
    # (0.6, 0.667]: one of two right at 0.62 and 0.64; (0.867, 0.933]: both right at 0.9 →
    # (2·|0.5−0.63| + 2·|1−0.9|) / 4
    top = np.array([0.62, 0.64, 0.9, 0.9], np.float32)
    probabilities = np.stack([top, 1 - top], axis=1)
    found = reliability(np.array([0, 1, 0, 0], np.int32), probabilities)
    assert found.ece == pytest.approx((2 * 0.13 + 2 * 0.1) / 4, abs=1e-6)
    assert found.brier == pytest.approx((2 * 0.38**2 + 2 * 0.64**2 + 2 * 2 * 0.1**2) / 4, abs=1e-6)
    bins = [one for one in found.bins if one.n]
    assert [(one.n, round(one.confidence, 4), one.accuracy) for one in bins] == [
        (2, 0.63, 0.5),
        (2, 0.9, 1.0),
    ]
    assert math.isnan(found.bins[0].accuracy)


def test_certain_and_right_is_perfectly_calibrated() -> None:
    found = reliability(np.array([0, 1], np.int32), np.eye(2, dtype=np.float32))
    assert (found.ece, found.brier, found.bins[-1].n) == (0, 0, 2)


def test_the_automation_curve_by_hand() -> None:
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


def test_no_target_is_reached_where_the_surest_is_wrong() -> None:
    found = compute_coverage(
        np.array([1, 1], np.int32), np.array([[0.9, 0.1], [0.8, 0.2]], np.float32), None
    )
    assert found.targets == {"0.9": None, "0.95": None, "0.98": None, "0.99": None}
    assert found.thresholds is None


def test_operating_points_by_hand() -> None:
    # 10 empties, 100 animals: one animal is at 0.88 or more, with six empties; five are at 0.1 or
    # more, with all empties
    of_empty = [0.99, 0.97, 0.96, 0.9, 0.9, 0.88, 0.8, 0.7, 0.6, 0.1]
    of_animals = [0.95, 0.85, 0.75, 0.65, 0.55, *[0.01] * 95]
    probability = np.array(of_empty + of_animals, np.float32)
    truth = np.array([0] * 10 + [1] * 100, np.int32)
    found = empty_removal(
        truth, np.stack([probability, 1 - probability], axis=1), ("Nothing here", "fox")
    )
    assert (found.classes, found.empty, found.animals) == (("Nothing here",), 10, 100)
    assert [(one.allowed, one.empties.value, one.animals.value) for one in found.points] == [
        (0.01, 0.6, 0.01),
        (0.05, 1.0, 0.05),
        (0.1, 1.0, 0.05),
    ]


def test_without_an_empty_class_there_are_no_operating_points() -> None:
    assert (
        empty_removal(np.array([0, 1], np.int32), np.eye(2, dtype=np.float32), ("fox", "wolf"))
        is None
    )
    assert (
        empty_removal(np.array([1, 1], np.int32), np.eye(2, dtype=np.float32), ("empty", "wolf"))
        is None
    )


def test_locations_by_hand() -> None:
    # camera b: 2 of 20 right, a: 18 of 20, c: 1 of 1
    of_row = np.array([0] * 20 + [1] * 20 + [2])
    truth = np.array([0, 1] * 10 + [0, 1] * 10 + [0], np.int32)
    right = np.array([1] * 18 + [0] * 2 + [1] * 2 + [0] * 18 + [1], bool)
    found = location_slices(
        ("a", "b", "c"), of_row, truth, np.where(right, truth, 1 - truth).astype(np.int64)
    )
    assert [(group.name, group.n, group.top_1.value) for group in found.all] == [
        ("a", 20, 0.9),
        ("b", 20, 0.1),
        ("c", 1, 1.0),
    ]
    assert [group.name for group in found.worst] == ["b", "a", "c"]
    assert found.counted == 2
    assert found.spread == pytest.approx({"0": 0.1, "0.1": 0.18, "0.5": 0.5, "0.9": 0.82, "1": 0.9})
    assert found.all[0].recall == pytest.approx(0.9)


def test_unknown_places_times_and_numbers_are_left_out() -> None:
    truth = np.array([0, 1, 1], np.int32)
    top = np.array([0, 1, 0])
    assert location_slices((), np.array([-1, -1, -1]), truth, top) is None
    assert [
        (group.name, group.n, group.top_1.value)
        for group in daylight_slices([1, -1, 1], truth, top)
    ] == [("night", 2, 0.5)]
    found = photo_count_slices(np.array([0, 1, 25], np.int32), truth, top)
    assert [(group.name, group.n) for group in found] == [("1", 1), ("10 or more", 1)]
