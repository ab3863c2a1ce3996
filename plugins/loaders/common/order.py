"""Order of an epoch: shards in random order, several interleaved, samples shuffled in a window.

Consecutive reads stay close together, which disks and networks are fast at, and yet classes that
were written one after the other are mixed.
"""

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
    """Return the size of the shuffle window: as many of `samples` as fit in 256 MiB."""
    mean = sum(shard.bytes for shard in shards) // max(1, sum(shard.images for shard in shards))
    return min(samples, max(_MIN_WINDOW, _WINDOW_BYTES // max(1, mean)))


def shuffled_indices(shard_ids: Indices, window_size: int, seed: int, epoch: int) -> Indices:
    """Return the indices of all samples in the order of an epoch.

    `shard_ids` (N,) holds the shard of each sample, ascending from 0. A sample moves by at most
    `window_size` positions, or anywhere when the window covers all samples.
    """
    rng = np.random.default_rng([seed, epoch])
    if window_size >= len(shard_ids):
        return rng.permutation(len(shard_ids))
    mixed = _interleave_shards(shard_ids, rng)
    return mixed[
        np.argsort(np.arange(len(mixed)) + window_size * rng.random(len(mixed)), kind="stable")
    ]


def _interleave_shards(shard_ids: Indices, rng: np.random.Generator) -> Indices:
    """Return the sample indices with the shards interleaved in random groups.

    Groups of INTERLEAVED_SHARDS random shards follow each other; within a group each shard keeps
    its order and is spread evenly.
    """
    sizes = np.bincount(shard_ids)
    place = np.arange(len(shard_ids)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    group = rng.permutation(len(sizes)) // INTERLEAVED_SHARDS
    return np.lexsort((shard_ids, (place + 0.5) / sizes[shard_ids], group[shard_ids]))
