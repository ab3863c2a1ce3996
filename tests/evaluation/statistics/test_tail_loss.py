"""The lowest proven limit: worked cases, and how often more is lost in seeded simulations."""

from __future__ import annotations

from math import comb, erf, sqrt

import numpy as np
import pytest

from ctc.evaluation.statistics.tail_loss import TailLoss, events_needed, lowest_limit


@pytest.mark.parametrize(("loss", "needed"), [(0.02, 149), (0.05, 59), (0.1, 29)])
def test_events_needed(loss: float, needed: int) -> None:
    assert events_needed(loss, 0.05) == needed
    assert (1 - loss) ** needed <= 0.05 < (1 - loss) ** (needed - 1)


def slow_rank(count: int, loss: float, tail: float) -> int:
    """Return how many of `count` independent events may be lost, by binomial probabilities."""
    lost, below = -1, 0.0
    while True:
        below += comb(count, lost + 1) * loss ** (lost + 1) * (1 - loss) ** (count - lost - 1)
        if below > tail:
            return lost
        lost += 1


@pytest.mark.parametrize("count", [149, 300, 1000])
def test_lowest_limit_of_independent_events_is_the_tolerance_limit(count: int) -> None:
    score = np.random.default_rng(0).random(count)
    found = lowest_limit(score, np.arange(count), 0.02, 0.05)
    assert isinstance(found, TailLoss)
    assert found.lost == slow_rank(count, 0.02, 0.05)
    assert found.limit == np.sort(score)[::-1][found.lost]
    assert found.at_most <= 0.02


@pytest.mark.parametrize(
    ("count", "clusters", "least", "why"),
    [
        (148, 148, 2, "too few"),
        (500, 1, 2, "one run"),
        (500, 4, 5, "too few locations"),
    ],
)
def test_refusals(count: int, clusters: int, least: int, why: str) -> None:
    cluster = np.arange(count) % clusters
    assert lowest_limit(np.linspace(0, 1, count), cluster, 0.02, 0.05, least) == why


def test_copies_are_no_further_evidence() -> None:
    score, cluster = np.repeat(np.linspace(0, 1, 100), 5), np.repeat(np.arange(100), 5)
    assert lowest_limit(score, cluster, 0.02, 0.05) == "not reached"


def test_equal_scores_are_lost_together_or_not_at_all() -> None:
    score = np.array([1.0] * 30 + [0.5] * 970)
    found = lowest_limit(score, np.arange(1000), 0.02, 0.05)
    assert isinstance(found, TailLoss)
    assert (found.limit, found.lost) == (1.0, 0)


@pytest.mark.parametrize(
    ("cameras", "count", "differ", "burst"),
    [(0, 400, 0.0, 1), (0, 1000, 0.0, 5), (20, 1000, 0.3, 1), (60, 1500, 0.6, 1)],
)
def test_more_is_hardly_ever_lost_than_promised(
    cameras: int, count: int, differ: float, burst: int
) -> None:
    rng = np.random.default_rng(5)
    missed = given = 0
    for _ in range(150):
        number = count // burst
        cluster = rng.integers(0, cameras, number) if cameras else np.arange(number)
        score = rng.normal(0, differ, max(cameras, number))[cluster] + rng.normal(0, 1, number)
        rows = np.repeat(np.arange(number), burst)
        found = lowest_limit(score[rows], cluster[rows], 0.02, 0.05)
        if isinstance(found, TailLoss):
            given += 1
            missed += (1 - erf(found.limit / sqrt(2 * (1 + differ**2)))) / 2 > 0.02
    assert given >= 75
    assert missed / given <= 0.08
