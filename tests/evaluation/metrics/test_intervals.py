"""Clopper-Pearson intervals."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from ctc.evaluation.metrics.intervals import clopper_pearson, lower_bound, proportion


def test_clopper_pearson_equals_scipy() -> None:
    low, high = clopper_pearson([0, 7, 10, 0], [10, 10, 10, 0])
    for i, hits in enumerate((0, 7, 10)):
        interval = binomtest(hits, 10).proportion_ci(0.95, "exact")
        assert (low[i], high[i]) == pytest.approx((interval.low, interval.high))
    assert math.isnan(low[3])
    assert math.isnan(high[3])


def test_lower_bound_of_59_of_59_exceeds_95_percent() -> None:
    assert lower_bound(58, 58, 0.05) < 0.95 < lower_bound(59, 59, 0.05)  # 0.95**59 = 0.0485


def test_proportion_of_nothing_is_nan() -> None:
    assert math.isnan(proportion(0, 0).value)
