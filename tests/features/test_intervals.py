"""Tests of ctc/features/intervals.py."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.features.intervals import effective_size, share_of, upper_bound

UNKNOWN = np.full(100, -1)


def hits(count: int, total: int = 100) -> np.ndarray:
    return np.arange(total) < count


def test_interval_of_independent_events_is_clopper_and_pearsons() -> None:
    share = share_of(hits(90), UNKNOWN)
    assert (share.value, share.places) == (0.9, 0)
    # Clopper & Pearson's interval of 90 of 100
    assert (share.low, share.high) == (
        pytest.approx(0.8238, abs=1e-4),
        pytest.approx(0.9510, abs=1e-4),
    )
    assert share.over == "100 events"


def test_events_that_are_alike_within_places_count_less() -> None:
    place = np.arange(100) // 10  # nine places are right, one is wrong
    share = share_of(hits(90), place)
    assert share.low < share_of(hits(90), UNKNOWN).low - 0.1
    assert share.over == "100 events of 10 places"


def test_places_without_differences_lose_only_the_degrees_of_freedom() -> None:
    place = np.arange(100) % 10
    _, size, places = effective_size(hits(90), place)
    assert places == 10
    assert 70 < size < 80  # (1.984 / 2.262)² of 100


def test_two_places_tell_nothing_of_the_difference_between_places() -> None:
    assert share_of(hits(90), np.arange(100) % 2).places == 0


def test_upper_bound_without_a_hit() -> None:
    assert upper_bound(hits(0, 59), UNKNOWN[:59]) == pytest.approx(1 - 0.05 ** (1 / 59))


def test_no_event_has_no_share() -> None:
    with pytest.raises(ValueError, match="no events"):
        share_of(hits(0, 0), UNKNOWN[:0])
