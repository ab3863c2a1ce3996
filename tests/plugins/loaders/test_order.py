"""The order of an epoch: every sample once, classes mixed, and reads that stay near each other."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.artifacts.dataset import Shard
from ctc_plugins.loaders.common.order import INTERLEAVED_SHARDS, shuffle_window, shuffled_indices

SHARDS = np.repeat(np.arange(64), 100)


@pytest.mark.parametrize("among", [1, 500, 6400])
def test_every_sample_comes_once(among) -> None:
    assert np.array_equal(np.sort(shuffled_indices(SHARDS, among, 0, 0)), np.arange(6400))


def test_seed_and_epoch_make_the_order() -> None:
    orders = [
        shuffled_indices(SHARDS, 500, seed, epoch).tolist()
        for seed, epoch in ((0, 0), (0, 0), (1, 0), (0, 1))
    ]
    assert orders[0] == orders[1]
    assert orders[0] not in orders[2:]


def test_a_window_of_everything_mixes_everything() -> None:
    order = shuffled_indices(SHARDS, 6400, 0, 0)
    assert abs(np.corrcoef(np.arange(6400), order)[0, 1]) < 0.05


def test_with_a_small_window_few_shards_are_read_at_a_time() -> None:
    order = shuffled_indices(SHARDS, 200, 0, 0)
    at_a_time = [len(np.unique(SHARDS[order[i : i + 400]])) for i in range(0, 6400, 400)]
    assert max(at_a_time) <= 2 * INTERLEAVED_SHARDS
    assert min(at_a_time) >= INTERLEAVED_SHARDS


def test_in_a_shard_the_reading_goes_forward_within_the_window() -> None:
    order = shuffled_indices(SHARDS, 200, 0, 0)
    places = order[SHARDS[order] == 7] % 100
    back = np.maximum.accumulate(places) - places
    assert 0 < back.max() <= 2 * 200 // INTERLEAVED_SHARDS


def test_the_window_holds_a_quarter_of_a_gigabyte_but_a_thousand_at_least() -> None:
    def shard(size: int) -> Shard:
        return Shard("a.tfrecord", 5000, 5000, 5000 * size, "")

    assert shuffle_window([shard(100_000)], 5000) == 2684
    assert shuffle_window([shard(1_000_000)], 5000) == 1024
    assert shuffle_window([shard(100_000)], 600) == 600
