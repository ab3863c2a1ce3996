"""The cluster bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from ctc.evaluation.statistics.bootstrap import MAX_CLUSTERS, ClusterBootstrap


def test_observations_of_a_cluster_are_drawn_together() -> None:
    found = ClusterBootstrap.from_clusters(np.repeat([7, 9, 11], 4))
    counts = found.counts(np.zeros(12, np.int64), 1)
    assert set((counts % 4).ravel().tolist()) == {0.0}


def test_the_interval_of_a_mean_is_that_of_student() -> None:
    values = np.random.default_rng(0).normal(0, 1, 12)
    found = ClusterBootstrap.from_clusters(np.arange(12))
    low, high = found.intervals(found.means(values)[:, None])
    half = t.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12)
    assert (high[0] - low[0]) / 2 == pytest.approx(half, rel=0.12)
    assert (high[0] - low[0]) / 2 > 1.05 * norm.ppf(0.975) * values.std() / np.sqrt(12)


def test_many_clusters_are_drawn_in_random_groups() -> None:
    found = ClusterBootstrap.from_clusters(np.arange(5 * MAX_CLUSTERS))
    assert found.weights.shape[1] == MAX_CLUSTERS
    assert np.bincount(found.cluster).tolist() == [5] * MAX_CLUSTERS


def test_one_cluster_has_no_interval() -> None:
    found = ClusterBootstrap.from_clusters(np.zeros(5, np.int64))
    low, high = found.intervals(np.ones((1000, 1)))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
