"""Tests of ctc/features/strangers/threshold.py."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.features.strangers.threshold import event_strangeness, events_needed, fit_threshold

RNG = np.random.default_rng(0)


def unknown(count: int) -> np.ndarray:
    return np.full(count, -1)


def test_events_that_are_needed_for_a_rate() -> None:
    assert (events_needed(0.05), events_needed(0.01)) == (59, 299)


@pytest.mark.parametrize(("events", "is_fitted"), [(58, False), (59, True)])
def test_a_threshold_needs_enough_events(events: int, is_fitted: bool) -> None:
    found = fit_threshold(RNG.normal(size=events), unknown(events), 0.05)
    assert (found is not None) == is_fitted


def test_threshold_is_the_lowest_that_promises_the_rate() -> None:
    values = np.arange(1000.0)
    found = fit_threshold(values, unknown(1000), 0.05)
    assert found is not None
    # 38 of 1,000 is the most whose upper bound at 95 % is within 5 %
    assert found.measured == pytest.approx(0.038)
    assert int((values > found.threshold).sum()) == 38


def test_promise_holds_for_new_events() -> None:
    broken = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = fit_threshold(rng.normal(size=300), unknown(300), 0.05)
        assert found is not None
        broken += bool((rng.normal(size=20_000) > found.threshold).mean() > 0.05)
    assert broken <= 20  # at most 5 % of 200, and what chance adds


def test_events_alike_within_places_need_a_higher_threshold() -> None:
    place = np.repeat(np.arange(20), 20)
    values = RNG.normal(size=20)[place] + 0.1 * RNG.normal(size=400)
    alike = fit_threshold(values, place, 0.1)
    independent = fit_threshold(values, unknown(400), 0.1)
    assert alike is not None
    assert independent is not None
    assert alike.threshold > independent.threshold
    assert (alike.places, independent.places) == (20, 0)


def test_no_events_give_no_threshold() -> None:
    assert fit_threshold(np.empty(0), unknown(0), 0.5) is None


def test_strangeness_of_an_event_is_the_mean_of_its_photos() -> None:
    found = event_strangeness(np.array([1.0, 3.0, 7.0]), np.array([0, 0, 1]), 2)
    assert found.tolist() == [2.0, 7.0]
