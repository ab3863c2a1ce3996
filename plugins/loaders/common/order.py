"""In which order an epoch goes through a split: shards in random order, several at a time, their samples mixed within a window.

So what is read next lies near what was read before, which is what disks and networks are fast at, and yet classes that
were written one after the other get mixed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Shard

SHARDS_AT_ONCE = 16
_WINDOW_BYTES = 256 * 2**20
_SMALLEST_WINDOW = 1024

Numbers = NDArray[np.int64]


def window(shards: Sequence[Shard], samples: int) -> int:
    """How many of `samples` to shuffle among: as many as fit a quarter of a gigabyte."""
    mean = sum(shard.bytes for shard in shards) // max(1, sum(shard.images for shard in shards))
    return min(samples, max(_SMALLEST_WINDOW, _WINDOW_BYTES // max(1, mean)))


def shuffled(shard_of: Numbers, among: int, seed: int, epoch: int) -> Numbers:
    """The numbers of all samples in the order of an epoch. `shard_of` (N,): the shard each lies in, ascending from 0; a sample moves
    by at most `among` places, or anywhere when that is all."""
    rng = np.random.default_rng([seed, epoch])
    if among >= len(shard_of):
        return rng.permutation(len(shard_of))
    mixed = _several_at_a_time(shard_of, rng)
    return mixed[np.argsort(np.arange(len(mixed)) + among * rng.random(len(mixed)), kind="stable")]


def _several_at_a_time(shard_of: Numbers, rng: np.random.Generator) -> Numbers:
    """Groups of SHARDS_AT_ONCE random shards, one group after the other; within a group each shard keeps its order and is spread
    evenly."""
    sizes = np.bincount(shard_of)
    place = np.arange(len(shard_of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    group = rng.permutation(len(sizes)) // SHARDS_AT_ONCE
    return np.lexsort((shard_of, (place + 0.5) / sizes[shard_of], group[shard_of]))
