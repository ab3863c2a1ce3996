"""Intervals by hand and in simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t
from study_world import many

from ctc.ecology.intervals import mean_of, proportion, ratio


def test_ratio_by_hand() -> None:
    # Σy/Σx = 12/4 = 3; without each unit 10/3, 8/3, 3, 3; variance 3/4 · 2/9 = 1/6, but at
    # least that of a Poisson count, 3/4
    found = ratio(np.array([2.0, 4, 3, 3]), np.ones(4))
    factor = np.exp(norm.ppf(0.975) * np.sqrt(3 / 4) / 3)
    assert found == pytest.approx((3, 3 / factor, 3 * factor))


def test_ratio_of_units_that_differ_by_hand() -> None:
    # Σy/Σx = 60/3 = 20; without each unit 20, 15, 25; variance 2/3 · 50
    found = ratio(np.array([20.0, 30, 10]), np.ones(3))
    factor = np.exp(t.ppf(0.975, 2) * np.sqrt(100 / 3) / 20)
    assert found == pytest.approx((20, 20 / factor, 20 * factor))


UNITS = st.lists(st.tuples(st.integers(0, 30), st.floats(0.05, 1)), min_size=2, max_size=12)


@many(200)
@given(units=UNITS.filter(lambda rows: any(count for count, _ in rows)))
def test_ratio_is_what_leaving_out_each_unit_gives(units) -> None:
    total = sum(effort for _, effort in units)
    value = sum(count for count, _ in units) / total
    without = []
    for left_out in range(len(units)):
        rest = [one for at, one in enumerate(units) if at != left_out]
        without.append(sum(count for count, _ in rest) / sum(effort for _, effort in rest))
    mean = sum(without) / len(units)
    variance = (len(units) - 1) / len(units) * sum((one - mean) ** 2 for one in without)
    ends = t.ppf(0.975, len(units) - 1) * np.sqrt(variance), 1.959964 * np.sqrt(value / total)
    found = ratio(*(np.array(one, float) for one in zip(*units, strict=True)))
    with np.errstate(over="ignore"):
        expected = value * np.exp(max(ends) / value)
    assert (found.value, found.high) == pytest.approx((value, expected), rel=1e-4)


def test_ratio_of_no_record_ends_at_the_highest_likely_rate() -> None:
    assert ratio(np.zeros(3), np.ones(3)) == pytest.approx((0, 0, -np.log(0.025) / 3))


def test_ratio_of_one_unit_has_no_interval() -> None:
    found = ratio(np.array([3.0]), np.array([2.0]))
    assert (found.value, np.isnan(found.low)) == (1.5, True)


def test_ratio_of_a_unit_with_next_to_no_effort_has_no_upper_end() -> None:
    found = ratio(np.array([0.0, 1.0]), np.array([1, 0.0001]))
    assert (found.low, found.high) == (0, np.inf)


@pytest.mark.filterwarnings("error")
def test_ratio_whose_upper_end_is_just_too_high_for_a_number() -> None:
    found = ratio(np.array([0, 1.0]), np.array([0.02302083, 0.00020833]))
    assert found.high == np.inf


def test_ratio_of_draws_is_wider_than_that_of_one() -> None:
    counts = np.array([[20.0, 30, 10], [40, 50, 30], [30, 40, 20]])
    one, several = ratio(counts[2], np.ones(3)), ratio(counts, np.ones(3))
    assert several.value == pytest.approx(one.value)
    assert several.high - several.low > one.high - one.low


def test_ratio_of_equal_draws_is_that_of_one() -> None:
    counts = np.array([20.0, 30, 10])
    assert ratio(np.stack([counts] * 5), np.ones(3)) == pytest.approx(ratio(counts, np.ones(3)))


def test_ratio_of_draws_that_hardly_differ_is_that_of_one() -> None:
    # 3 records at 3 places: the mean of equal rates is not the rate to the last digit
    counts = np.array([0.0, 3, 0])
    effort = np.array([0.17, 0.29, 0.27])
    almost = np.stack([counts] * 200)
    almost[0, 1] += 1e-6
    for draws in (np.stack([counts] * 200), almost):
        assert ratio(draws, effort) == pytest.approx(ratio(counts, effort), rel=1e-4)


def test_ratio_holds_the_rate_of_the_world() -> None:
    rng = np.random.default_rng(1)
    effort = rng.uniform(0.2, 1, 25)
    held = 0
    for _ in range(1_000):
        rates = 20 * rng.lognormal(-0.18, 0.6, 25)
        found = ratio(rng.poisson(rates * effort).astype(float), effort)
        held += found.low <= 20 <= found.high
    assert 0.92 < held / 1_000 < 0.98


def test_proportion_is_that_of_jeffreys() -> None:
    # Brown, Cai & DasGupta 2001, https://doi.org/10.1214/ss/1009213286, table 5: n = 10, x = 5
    assert proportion(np.array(5), 10) == pytest.approx((0.5, 0.224, 0.776), abs=0.001)


def test_proportion_of_all_ends_at_1() -> None:
    assert proportion(np.array(10), 10).high == 1


def test_proportion_of_draws_holds_their_spread() -> None:
    found = proportion(np.array([2, 8] * 20), 10)
    assert (found.low, found.high) == pytest.approx((0.06, 0.94), abs=0.05)


def test_proportion_of_equal_draws_is_that_of_one() -> None:
    assert proportion(np.array([3] * 200), 10) == proportion(np.array(3), 10)


def test_mean_of_ignores_what_is_unknown() -> None:
    assert mean_of(np.array([1.0, np.nan, 3.0])).value == 2


def test_mean_of_counts_ends_at_counts() -> None:
    draws = np.array([7.0, 8, 8, 9, 20] * 40)
    assert mean_of(draws) == pytest.approx((10.4, 7, 20))
    assert mean_of(np.arange(200.0)) == pytest.approx((99.5, 4, 194))
