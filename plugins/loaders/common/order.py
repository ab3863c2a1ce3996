"""In which order an epoch goes through a split: shards in random order, several at a time, their
samples mixed within a window.

So what is read next lies near what was read before, which is what disks and networks are fast at,
and yet classes that were written one after the other get mixed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Shard

INTERLEAVED_SHARDS = 16
_WINDOW_BYTES = 256 * 2**20
_MIN_WINDOW = 1024

Indices = NDArray[np.int64]


def shuffle_window(shards: Sequence[Shard], samples: int) -> int:
    """How many of `samples` to shuffle among: as many as fit a quarter of a gigabyte."""
    mean = sum(shard.bytes for shard in shards) // max(1, sum(shard.images for shard in shards))
    return min(samples, max(_MIN_WINDOW, _WINDOW_BYTES // max(1, mean)))


def shuffled_indices(shard_ids: Indices, window_size: int, seed: int, epoch: int) -> Indices:
    """The numbers of all samples in the order of an epoch. `shard_ids` (N,): the shard each lies
    in, ascending from 0; a sample moves by at most `window_size` places, or anywhere when that is
    all."""
    rng = np.random.default_rng([seed, epoch])
    if window_size >= len(shard_ids):
        return rng.permutation(len(shard_ids))
    mixed = _interleave_shards(shard_ids, rng)
    return mixed[
        np.argsort(np.arange(len(mixed)) + window_size * rng.random(len(mixed)), kind="stable")
    ]


def _interleave_shards(shard_ids: Indices, rng: np.random.Generator) -> Indices:
    """Groups of SHARDS_AT_ONCE random shards, one group after the other; within a group each shard
    keeps its order and is spread evenly."""
    sizes = np.bincount(shard_ids)
    place = np.arange(len(shard_ids)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    group = rng.permutation(len(sizes)) // INTERLEAVED_SHARDS
    return np.lexsort((shard_ids, (place + 0.5) / sizes[shard_ids], group[shard_ids]))
