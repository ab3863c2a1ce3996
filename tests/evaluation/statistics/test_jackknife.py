"""Intervals of the cluster jackknife against slow code of their own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from ctc.evaluation.statistics.jackknife import MAX_GROUPS, ClusterJackknife


def test_the_mean_of_single_observations_has_students_interval() -> None:
    values = np.random.default_rng(0).gamma(2, 1, 50)
    jackknife = ClusterJackknife.from_clusters(np.arange(50))
    low, high = jackknife.interval(values.mean(), jackknife.means(values), "positive")
    half = t.ppf(0.975, 49) * values.std(ddof=1) / math.sqrt(50) / values.mean()
    assert (low, high) == pytest.approx(
        (values.mean() * math.exp(-half), values.mean() * math.exp(half))
    )


def test_counts_are_those_without_each_cluster() -> None:
    jackknife = ClusterJackknife.from_clusters(np.array([7, 7, 3]))
    assert jackknife.counts(np.array([0, 1, 1]), 2).tolist() == [[1, 1], [0, 1]]
    assert jackknife.counts(np.array([1]), 2, np.array([2])).tolist() == [[0, 0], [0, 1]]


def test_unequal_clusters_have_fewer_degrees_of_freedom() -> None:
    assert ClusterJackknife.from_clusters(np.arange(20)).degrees == pytest.approx(19)
    cluster = np.repeat(np.arange(20), [40, *[1] * 19])
    assert ClusterJackknife.from_clusters(cluster).degrees == pytest.approx(59**2 / 1619 - 1)


def test_many_clusters_are_left_out_in_groups_of_the_same_spread() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(20_000)
    many = ClusterJackknife.from_clusters(np.arange(20_000))
    low, high = many.interval(values.mean(), many.means(values), "positive")
    assert many.groups == MAX_GROUPS
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(1 / 12 / 20_000), rel=0.1)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_at_an_end_has_no_interval(value: float) -> None:
    jackknife = ClusterJackknife.from_clusters(np.arange(3))
    assert np.isnan(jackknife.interval(value, np.full(3, value))).all()
