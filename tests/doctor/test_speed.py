"""Measured rates and their meaning."""

from __future__ import annotations

from itertools import repeat

import pytest

from ctc.doctor.speed import measure_rate, time_for_a_million


@pytest.mark.parametrize(
    ("per_second", "words"),
    [
        (1_000, "about 17 minutes"),
        (100, "about 3 hours"),
        (38, "about 7 hours"),
        (2.8, "about 4 days"),
    ],
)
def test_time_for_a_million_in_words(per_second: float, words: str) -> None:
    assert time_for_a_million(per_second) == words


def test_measure_rate_measures_at_least_one_count() -> None:
    assert measure_rate(repeat(3), 0) > 0
