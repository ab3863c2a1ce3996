"""Shares of classes at a place, and the test for whether they differ from the trained ones."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.inference.decisions.priors.shares import (
    Floats,
    Ints,
    Trained,
    estimate_shares,
    independent_events,
    shift_p_value,
)

HALVES = np.array([0.5, 0.5])


def slow_shares(probabilities: Floats, trained: Floats, added: float, weight: float) -> list[float]:
    """Expectation maximisation, number by number."""
    classes, shares = range(len(trained)), list(trained)
    for _ in range(3_000):
        sums = [added * trained[k] for k in classes]
        for row in probabilities:
            joint = [row[k] * shares[k] / trained[k] for k in classes]
            for k in classes:
                sums[k] += weight * joint[k] / sum(joint)
        shares = [one / sum(sums) for one in sums]
    return shares


def world(
    seed: int, shares: Floats, places: int, burst: int, separation: float = 3
) -> tuple[Floats, Ints, Ints]:
    """Return probabilities of a right model for equal shares, the places, and the truth.

    Each place has shares of its own around `shares`; the events of a burst are of one class.
    """
    rng = np.random.default_rng(seed)
    classes = len(shares)
    place = np.repeat(np.arange(places), 10 * burst)
    own = rng.dirichlet(20 * shares, places)
    truth = np.repeat([rng.choice(classes, 10, p=one) for one in own], burst)
    seen = separation * np.eye(classes)[truth] + rng.normal(size=(len(truth), classes))
    scores = np.exp(separation * seen)
    return scores / scores.sum(axis=1, keepdims=True), place, truth


def test_estimate_shares_of_two_events_by_hand() -> None:
    # the likelihood (0.4 + 1.2 q) (1.4 - 0.8 q) is highest at q = 1.36 / 1.92
    found = estimate_shares(np.array([[0.8, 0.2], [0.3, 0.7]]), HALVES)
    assert found == pytest.approx([1.36 / 1.92, 1 - 1.36 / 1.92], abs=1e-5)


@pytest.mark.parametrize("independent", [None, 20.0])
def test_estimate_shares_as_the_slow_reference(independent: float | None) -> None:
    rng = np.random.default_rng(1)
    trained = rng.dirichlet([2.0, 2, 2, 2])
    probabilities = rng.dirichlet(np.ones(4), 60)
    added, weight = (0, 1) if independent is None else (4, independent / 60)
    slow = slow_shares(probabilities, trained, added, weight)
    assert estimate_shares(probabilities, trained, independent) == pytest.approx(slow, abs=1e-4)


def test_a_class_that_has_not_come_yet_keeps_a_share() -> None:
    probabilities = np.array([[0.99, 0.01]] * 10)
    assert estimate_shares(probabilities, HALVES)[1] == pytest.approx(0, abs=1e-4)
    assert estimate_shares(probabilities, HALVES, 10.0)[1] > 0.05


def test_estimate_shares_finds_those_of_a_shifted_place() -> None:
    there = np.array([0.7, 0.2, 0.1])
    probabilities, _, truth = world(0, there, 40, 1)
    found = estimate_shares(probabilities, np.full(3, 1 / 3), 300.0)
    assert found == pytest.approx(np.bincount(truth) / len(truth), abs=0.03)


def test_independent_events_of_clusters_that_agree() -> None:
    cluster = np.repeat(np.arange(10), 4)
    fox = np.repeat(np.random.default_rng(0).uniform(size=10), 4)
    probabilities = np.column_stack([fox, 1 - fox])
    found = independent_events(probabilities, cluster, HALVES)
    assert found == pytest.approx(9)  # 10 less the mean
    assert independent_events(probabilities, np.zeros(40, np.int64), HALVES) == 1


def test_shift_p_value_of_five_clusters_is_never_small() -> None:
    probabilities = np.array([[1.0, 0]] * 50)
    assert shift_p_value(probabilities, np.arange(50) // 10, Trained(HALVES, 1e6)) > 0.05
    assert shift_p_value(probabilities, np.arange(50) // 5, Trained(HALVES, 1e6)) < 0.01


def test_shift_p_value_is_rarely_small_without_shift() -> None:
    calls = [
        shift_p_value(*world(seed, np.full(3, 1 / 3), 20, 4)[:2], Trained(np.full(3, 1 / 3), 1e6))
        < 0.05
        for seed in range(60)
    ]
    assert sum(calls) <= 6  # more have a probability of 3 % at a rate of 5 %


def test_shift_p_value_finds_a_shift() -> None:
    shares = np.array([0.6, 0.3, 0.1])
    probabilities, place, _ = world(3, shares, 20, 4)
    assert shift_p_value(probabilities, place, Trained(np.full(3, 1 / 3), 500)) < 0.01


def test_shift_p_value_knows_trained_shares_no_better_than_their_events() -> None:
    shares = np.array([0.45, 0.35, 0.2])
    probabilities, place, _ = world(4, shares, 60, 1)
    trained = np.full(3, 1 / 3)
    sure = shift_p_value(probabilities, place, Trained(trained, 1e6))
    assert sure < 0.01 < 0.05 < shift_p_value(probabilities, place, Trained(trained, 30))
