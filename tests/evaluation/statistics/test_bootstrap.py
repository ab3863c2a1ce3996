"""Resamples of clusters."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.statistics.bootstrap import MAX_CLUSTERS, RESAMPLES, resample_clusters


def test_observations_of_a_cluster_are_drawn_together() -> None:
    group, weights = resample_clusters(np.repeat([7, 9, 11], 4))
    assert [len(set(group[at : at + 4].tolist())) for at in (0, 4, 8)] == [1, 1, 1]
    assert sorted(set(group.tolist())) == [0, 1, 2]
    assert weights.shape == (RESAMPLES, 3)
    assert set(weights.sum(axis=1).tolist()) == {3.0}


def test_many_clusters_are_drawn_in_random_groups() -> None:
    group, weights = resample_clusters(np.arange(5 * MAX_CLUSTERS))
    assert weights.shape[1] == MAX_CLUSTERS
    assert np.bincount(group).tolist() == [5] * MAX_CLUSTERS
