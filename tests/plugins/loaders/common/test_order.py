"""Order of an epoch: every sample once, classes mixed, reads close together."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.artifacts.dataset import Shard
from ctc_plugins.loaders.common.order import INTERLEAVED_SHARDS, shuffle_window, shuffled_indices

SHARDS = np.repeat(np.arange(64), 100)


@pytest.mark.parametrize("among", [1, 500, 6400])
def test_shuffled_indices_contain_every_sample_once(among) -> None:
    assert np.array_equal(np.sort(shuffled_indices(SHARDS, among, 0, 0)), np.arange(6400))


def test_shuffled_indices_depend_on_seed_and_epoch() -> None:
    orders = [
        shuffled_indices(SHARDS, 500, seed, epoch).tolist()
        for seed, epoch in ((0, 0), (0, 0), (1, 0), (0, 1))
    ]
    assert orders[0] == orders[1]
    assert orders[0] not in orders[2:]


def test_shuffled_indices_with_full_window_mix_everything() -> None:
    order = shuffled_indices(SHARDS, 6400, 0, 0)
    assert abs(np.corrcoef(np.arange(6400), order)[0, 1]) < 0.05


def test_shuffled_indices_with_small_window_read_few_shards() -> None:
    order = shuffled_indices(SHARDS, 200, 0, 0)
    at_a_time = [len(np.unique(SHARDS[order[i : i + 400]])) for i in range(0, 6400, 400)]
    assert max(at_a_time) <= 2 * INTERLEAVED_SHARDS
    assert min(at_a_time) >= INTERLEAVED_SHARDS


def test_shuffled_indices_read_shards_forward_within_window() -> None:
    order = shuffled_indices(SHARDS, 200, 0, 0)
    places = order[SHARDS[order] == 7] % 100
    back = np.maximum.accumulate(places) - places
    assert 0 < back.max() <= 2 * 200 // INTERLEAVED_SHARDS


def test_shuffle_window_is_256_mib_but_at_least_1024_samples() -> None:
    def shard(size: int) -> Shard:
        return Shard("a.tfrecord", 5000, 5000, 5000 * size, "")

    assert shuffle_window([shard(100_000)], 5000) == 2684
    assert shuffle_window([shard(1_000_000)], 5000) == 1024
    assert shuffle_window([shard(100_000)], 600) == 600
