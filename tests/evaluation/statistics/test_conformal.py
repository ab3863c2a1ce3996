"""Limits of prediction sets: worked cases, slow code, and coverage of fresh places."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ctc.evaluation.statistics.conformal import (
    ClassScores,
    SetLimits,
    class_limit,
    effective_events,
    set_limits,
)


def scores_of(probability, truth=None, cluster=None) -> ClassScores:
    count = len(probability)
    return ClassScores(
        np.zeros(count, np.int64) if truth is None else np.asarray(truth),
        np.asarray(probability, np.float64),
        np.arange(count) if cluster is None else np.asarray(cluster),
    )


def test_class_limit_of_independent_events_is_the_usual_conformal_one() -> None:
    values = np.arange(1, 100) / 100
    assert class_limit(scores_of(values), 0.9) == pytest.approx(0.10)
    assert class_limit(scores_of(values), 0.8) == pytest.approx(0.20)


@pytest.mark.parametrize(("count", "limit"), [(8, None), (9, 0.0)])
def test_class_limit_needs_as_many_events_as_the_level_says(count: int, limit: float) -> None:
    assert class_limit(scores_of(np.linspace(0, 1, count)), 0.9) == limit


def test_effective_events_of_copies_is_the_number_of_clusters() -> None:
    values, cluster = np.repeat(np.linspace(0, 1, 40), 5), np.repeat(np.arange(40), 5)
    assert effective_events(scores_of(values, cluster=cluster), 0.9) == pytest.approx(40)
    mixed = scores_of(values, cluster=np.arange(200) % 40)
    assert effective_events(mixed, 0.9) == pytest.approx(200)


def test_effective_events_where_nothing_tells_is_the_number_of_clusters() -> None:
    assert effective_events(scores_of(np.ones(20), cluster=np.repeat([0, 1], 10)), 0.9) == 2


def test_a_class_with_many_events_has_a_limit_of_its_own() -> None:
    values = np.concatenate([np.linspace(0.5, 1, 99), np.linspace(0.1, 0.2, 9)])
    truth = [0] * 99 + [1] * 5 + [2] * 4
    found = set_limits(scores_of(values, truth), 3, 0.8)
    assert found is not None
    assert (sorted(found.own), found.others) == ([0], pytest.approx(0.1125))
    assert found.own[0] == pytest.approx(np.linspace(0.5, 1, 99)[19])


def test_classes_join_the_others_until_these_have_enough_events() -> None:
    truth = [0] * 60 + [1] * 30 + [2] * 2
    found = set_limits(scores_of(np.linspace(0, 1, 92), truth), 3, 0.9)
    assert found is not None
    assert sorted(found.own) == [0]


def test_too_few_events_carry_no_sets() -> None:
    assert set_limits(scores_of(np.linspace(0, 1, 8)), 1, 0.9) is None
    assert set_limits(scores_of(np.linspace(0, 1, 500)), 1, 1.02) is None


def draw(rng, cameras: int, events: int, burst: int, differ: float, classes: int = 6):
    """Return probabilities, truth and camera of events of new cameras."""
    camera = rng.integers(0, cameras, events // burst)
    share = rng.dirichlet(np.full(classes, 1.0), cameras).cumsum(axis=1)
    truth = (rng.random(len(camera))[:, None] > share[camera]).sum(axis=1).clip(0, classes - 1)
    logits = rng.normal(0, differ, (cameras, classes))[camera]
    logits = logits + rng.normal(0, 1, logits.shape)
    logits[np.arange(len(camera)), truth] += 2.5 + rng.normal(0, differ / 2, cameras)[camera]
    rows = np.repeat(np.arange(len(camera)), burst)
    logits = 1.5 * (logits[rows] + rng.normal(0, 0.2, (len(rows), classes)))
    values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return values, truth[rows], camera[rows]


def slow_coverage(limits: SetLimits, values, truth) -> float:
    """Return how often the truth is in the set, event by event."""
    held = 0
    for row, true in zip(values, truth, strict=True):
        inside = [
            number for number, one in enumerate(row) if one >= limits.own.get(number, limits.others)
        ]
        held += true in (inside or [int(np.argmax(row))])
    return held / len(truth)


def slow_limit(values: list[float], cluster: list[int], level: float) -> float:
    """Return the limit of independent events, by counting."""
    assert len(set(cluster)) == len(values)
    ranked = sorted(values, reverse=True)
    return ranked[math.ceil(level * (len(ranked) + 1)) - 1]


def test_class_limit_agrees_with_slow_code() -> None:
    rng = np.random.default_rng(0)
    for count in (20, 57, 300):
        values = rng.random(count)
        expected = slow_limit(values.tolist(), list(range(count)), 0.9)
        assert class_limit(scores_of(values), 0.9) == expected


@pytest.mark.parametrize(
    ("cameras", "events", "burst", "differ"),
    [(8, 800, 1, 1.0), (20, 600, 1, 1.0), (40, 1000, 5, 1.0), (20, 600, 1, 0.0)],
)
def test_sets_hold_the_truth_at_fresh_places(
    cameras: int, events: int, burst: int, differ: float
) -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(25):
        values, truth, camera = draw(rng, cameras, events, burst, differ)
        own = values[np.arange(len(truth)), truth]
        limits = set_limits(ClassScores(truth, own, camera), 6, 0.9)
        assert limits is not None
        fresh, fresh_truth, _ = draw(rng, 40, 400, 1, differ)
        found.append(slow_coverage(limits, fresh, fresh_truth))
    assert 0.88 <= np.mean(found) <= 0.93
