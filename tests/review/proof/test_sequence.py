"""Bounds that are valid at any time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ctc.review.proof.sequence import (
    ON_RIGHT,
    ON_WRONG,
    Bets,
    Bounds,
    Capital,
    bounds,
    draws_needed,
    is_shown,
)


def draws_of(right: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(len(right) + 1), np.append(0, np.cumsum(right))


def shuffled(size: int, right: int, seed: int) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).permutation(np.arange(size) < right)


def slow_capital(size: int, most: int, right: NDArray[np.bool_], bets: Bets) -> list[float]:
    """Play the bets draw by draw: 1 + λ (x − m), where m is the share of hits left."""
    capital = [
        weight if round(share * size) > most else 0.0
        for share, weight in zip(bets.shares, bets.weights, strict=True)
    ]
    history, hits = [sum(capital)], 0
    for drawn, hit in enumerate(right.tolist()):
        mean = (most - hits) / (size - drawn)
        for k, share in enumerate(bets.shares):
            other = (round(share * size) - hits) / (size - drawn)
            other = min(max(other, 0.0), 1.0)
            bet = (other - mean) / (mean * (1 - mean))
            capital[k] *= 1 + bet * (hit - mean)
        hits += hit
        history.append(sum(capital))
    return history


@pytest.mark.parametrize("bets", [ON_RIGHT, ON_WRONG], ids=["right", "wrong"])
def test_capital_is_that_of_bets_on_each_draw(bets: Bets) -> None:
    right = shuffled(60, 48, 3)[:25]

    capital = Capital(60, *draws_of(right), bets).against(40)

    np.testing.assert_allclose(np.exp(capital), slow_capital(60, 40, right, bets), rtol=1e-9)


def test_capital_against_fewer_than_were_seen_is_infinite() -> None:
    capital = Capital(10, *draws_of(np.ones(4, bool))).against(3)

    assert np.isinf(capital).tolist() == [False, False, False, False, True]


def test_capital_against_more_than_are_possible_is_none() -> None:
    capital = Capital(10, *draws_of(np.zeros(4, bool))).against(7)

    assert capital[-1] == -np.inf


def test_bounds_are_those_that_no_look_rejects() -> None:
    right = shuffled(80, 70, 5)[:50]
    draws, hits = draws_of(right)
    rejected = [
        most for most in range(80) if (Capital(80, draws, hits).against(most) >= np.log(20)).any()
    ]

    found = bounds(80, right, 0.05)

    assert found.lower == max(rejected) + 1


def test_bounds_without_draws_know_nothing() -> None:
    assert bounds(100, np.zeros(0, bool), 0.05) == Bounds(0, 100)


def test_bounds_of_all_events_are_exact() -> None:
    assert bounds(500, shuffled(500, 430, 1), 0.05) == Bounds(430, 430)


def test_bounds_of_some_draws() -> None:
    assert bounds(50_000, shuffled(400, 392, 1), 0.05) == Bounds(48_033, 49_604)


def test_bounds_miss_rarely_though_looked_at_after_each_draw() -> None:
    found = [bounds(300, shuffled(300, 284, seed)[:200], 0.05) for seed in range(300)]

    assert sum(one.lower > 284 for one in found) <= 15
    assert sum(one.upper < 284 for one in found) <= 15


def test_is_shown_where_the_lower_bound_reaches() -> None:
    right = shuffled(2_000, 1_980, 2)[:150]
    lower = bounds(2_000, right, 0.05).lower

    assert is_shown(2_000, right, lower, 0.05)
    assert not is_shown(2_000, right, lower + 1, 0.05)


def test_draws_needed_if_all_are_right() -> None:
    assert draws_needed(50_000, 0, 0, 47_500, 0.05) == 76


def test_draws_needed_lets_the_claim_be_shown() -> None:
    more = draws_needed(50_000, 0, 0, 47_500, 0.05)

    assert more is not None
    assert is_shown(50_000, np.ones(more, bool), 47_500, 0.05)


def test_draws_needed_is_none_if_too_few_are_right() -> None:
    assert draws_needed(50_000, 100, 90, 47_500, 0.05) is None
