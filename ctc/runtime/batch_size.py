"""A short measurement before a long run: how many photos the network takes at a time to be fastest on this machine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ctc.runtime.session import Model

ON_CPU = (1, 4, 16)
"""On one core a batch hardly pays: its activations leave the cache."""
ON_DEVICE = (16, 32, 64, 128, 256)
LONG_RUN = 2_000
"""In photos; a shorter run is over before the measurement has paid."""
BUDGET = 0.5
"""Seconds that one size may take to be measured."""
WORTHWHILE = 1.1
_TURNS = 3


class Settings(NamedTuple):
    """What runs the network, and how many photos it takes at a time."""

    provider: str
    precision: str
    batch_size: int


def settings_for(model: Model, batch_size: int | None, photos: int | None, workers: int) -> Settings:
    """`batch_size` None: measured, see `batch_size_for`."""
    size = batch_size or batch_size_for(model, photos, workers)
    return Settings(model.engine.provider, model.engine.precision, size)


def batch_size_for(model: Model, photos: int | None, workers: int) -> int:
    """The smallest of the usual sizes that no other beats by a tenth, as measured with `workers` batches at a time, as they will be; the
    first size for a short run. `photos` None: not known."""
    sizes = ON_DEVICE if model.on_device else ON_CPU
    if photos is not None and photos < LONG_RUN:
        return sizes[0]
    return _fastest(model, sizes, 1 if model.on_device else workers)


def _fastest(model: Model, sizes: tuple[int, ...], workers: int) -> int:
    best, best_rate = sizes[0], 0.0
    with ThreadPoolExecutor(workers, "ctc-tune") as pool:
        for size in sizes:
            if best_rate and _TURNS * size * workers / best_rate > BUDGET:
                break
            rate = size * workers / _seconds(model, size, workers, pool)
            if rate > WORTHWHILE * best_rate:
                best, best_rate = size, rate
    return best


def _seconds(model: Model, size: int, workers: int, pool: ThreadPoolExecutor) -> float:
    """Of the quickest turn, in which every worker runs one batch."""
    preprocessing = model.info.preprocessing
    images = np.zeros((size, preprocessing.height, preprocessing.width, 3), np.uint8)
    taken = []
    for _ in range(_TURNS):
        start = time.perf_counter()
        list(pool.map(model.predict, [images] * workers))
        taken.append(time.perf_counter() - start)
    return min(taken)
