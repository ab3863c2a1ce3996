"""Intervals of clustered shares against slow code of their own, worked cases and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from ctc.evaluation.statistics.exact import mid_p_interval
from ctc.evaluation.statistics.korn_graubard import (
    ClusterCounts,
    clustered_interval,
    clustered_lower_bound,
    effective_size,
    intraclass_correlation,
)


def slow_effective_size(hits: list[float], sizes: list[float], tail: float) -> float:
    """Korn & Graubard 1998, term by term."""
    groups, n = len(sizes), sum(sizes)
    share = sum(hits) / n
    variance = 0.0
    for hit, size in zip(hits, sizes, strict=True):
        variance += ((hit - share * size) / n) ** 2
    variance *= groups / (groups - 1)
    degrees = (t.ppf(1 - tail, n - 1) / t.ppf(1 - tail, groups - 1)) ** 2
    return float(min(n, share * (1 - share) / variance * degrees))


def test_the_effective_size_is_that_of_korn_and_graubard() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        sizes = rng.integers(1, 20, rng.integers(3, 30)).astype(float)
        hits = np.minimum(sizes, rng.integers(0, 20, len(sizes))).astype(float)
        if 0 < hits.sum() < sizes.sum():
            found = effective_size(ClusterCounts(hits, sizes), 0.025)
            assert found == pytest.approx(slow_effective_size(hits.tolist(), sizes.tolist(), 0.025))


def test_alike_clusters_count_once_each() -> None:
    counts = ClusterCounts(np.array([5.0, 5, 0, 0]), np.full(4, 5.0))
    assert effective_size(counts, 0.025) < 4


def test_where_all_are_right_each_cluster_counts_once() -> None:
    counts = ClusterCounts(np.full(3, 5.0), np.full(3, 5.0))
    low, high = clustered_interval(counts)
    assert (low, high) == (pytest.approx(0.025 ** (1 / 3)), 1.0)


def test_where_all_are_right_a_known_correlation_says_how_much_each_counts() -> None:
    counts = ClusterCounts(np.full(30, 5.0), np.full(30, 5.0))
    independent, alike = (effective_size(counts, 0.025, value) for value in (0.0, 1.0))
    reduction = (t.ppf(0.975, 149) / t.ppf(0.975, 29)) ** 2
    assert independent == pytest.approx(150 * reduction)
    assert alike == pytest.approx(30 * reduction)


def test_single_observations_have_nearly_the_mid_p_interval() -> None:
    hit = np.arange(200) < 150
    low, high = clustered_interval(ClusterCounts.count(np.arange(200), hit))
    assert (low, high) == pytest.approx(mid_p_interval(150, 200), abs=5e-4)


def test_one_cluster_bounds_nothing() -> None:
    assert clustered_lower_bound(ClusterCounts(np.array([9.0]), np.array([9.0])), 0.05, 0.0) == 0


def test_nothing_has_no_interval() -> None:
    counts = ClusterCounts.count(np.array([], np.int64), np.array([], bool))
    assert all(map(math.isnan, clustered_interval(counts)))


@pytest.mark.parametrize(("correlation", "alike"), [(0.0, False), (1.0, True)])
def test_the_correlation_of_independent_and_of_equal_observations(
    correlation: float, alike: bool
) -> None:
    rng = np.random.default_rng(0)
    hit = np.repeat(rng.random(2000) < 0.7, 5) if alike else rng.random(10_000) < 0.7
    found = intraclass_correlation(ClusterCounts.count(np.repeat(np.arange(2000), 5), hit))
    assert found == pytest.approx(correlation, abs=0.02)


@pytest.mark.parametrize(("cameras", "spread"), [(0, 0.0), (20, 0.8), (60, 0.8)])
def test_intervals_cover(cameras: int, spread: float) -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        if cameras:
            camera = rng.choice(cameras, 600, p=rng.dirichlet(np.full(cameras, 3.0)))
            share = 1 / (1 + np.exp(-(1.5 + rng.normal(0, spread, cameras))))[camera]
            truth = 1 / (1 + np.exp(-(1.5 + rng.normal(0, spread, 100_000))))
            expected = float(truth.mean())
        else:
            camera, share, expected = np.arange(600), np.full(600, 0.8), 0.8
        low, high = clustered_interval(ClusterCounts.count(camera, rng.random(600) < share))
        covered += low <= expected <= high
    assert 0.92 <= covered / 400 <= 0.99
