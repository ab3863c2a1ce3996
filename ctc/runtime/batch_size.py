"""A short measurement before a long run: how many photos the network takes at a time to be fastest
on this machine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ctc.runtime.session import Model

CPU_BATCH_SIZES = (1, 4, 16)
"""On one core a batch hardly pays: its activations leave the cache."""
DEVICE_BATCH_SIZES = (16, 32, 64, 128, 256)
MIN_PHOTOS_TO_MEASURE = 2_000
"""In photos; a shorter run is over before the measurement has paid."""
MAX_SECONDS_PER_SIZE = 0.5
"""Seconds that one size may take to be measured."""
MIN_SPEEDUP = 1.1
_REPEATS = 3


class ResolvedRuntime(NamedTuple):
    """What runs the network, and how many photos it takes at a time."""

    provider: str
    precision: str
    batch_size: int


def resolve_runtime(
    model: Model, batch_size: int | None, photos: int | None, workers: int
) -> ResolvedRuntime:
    """`batch_size` None: measured, see `choose_batch_size`."""
    size = batch_size or choose_batch_size(model, photos, workers)
    return ResolvedRuntime(model.runtime.provider, model.runtime.precision, size)


def choose_batch_size(model: Model, photos: int | None, workers: int) -> int:
    """The smallest of the usual sizes that no other beats by a tenth, as measured with `workers`
    batches at a time, as they will be; the first size for a short run. `photos` None: not known."""
    sizes = DEVICE_BATCH_SIZES if model.is_on_device else CPU_BATCH_SIZES
    if photos is not None and photos < MIN_PHOTOS_TO_MEASURE:
        return sizes[0]
    return _fastest_size(model, sizes, 1 if model.is_on_device else workers)


def _fastest_size(model: Model, sizes: tuple[int, ...], workers: int) -> int:
    best, best_rate = sizes[0], 0.0
    with ThreadPoolExecutor(workers, "ctc-tune") as pool:
        for size in sizes:
            if best_rate and _REPEATS * size * workers / best_rate > MAX_SECONDS_PER_SIZE:
                break
            rate = size * workers / _measure_seconds(model, size, workers, pool)
            if rate > MIN_SPEEDUP * best_rate:
                best, best_rate = size, rate
    return best


def _measure_seconds(model: Model, size: int, workers: int, pool: ThreadPoolExecutor) -> float:
    """Of the quickest turn, in which every worker runs one batch."""
    preprocessing = model.info.preprocessing
    images = np.zeros((size, preprocessing.height, preprocessing.width, 3), np.uint8)
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        list(pool.map(model.predict, [images] * workers))
        taken.append(time.perf_counter() - start)
    return min(taken)
