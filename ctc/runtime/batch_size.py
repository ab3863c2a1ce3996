"""Choose the batch size by a short benchmark before a long run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from ctc.runtime.config import RuntimeConfig
from ctc.runtime.session import Model

CPU_BATCH_SIZES = (1, 4, 16)
"""On one core larger batches hardly pay: their activations leave the cache."""
DEVICE_BATCH_SIZES = (16, 32, 64, 128, 256)
MIN_PHOTOS_TO_MEASURE = 2_000
"""A run of fewer photos is over before the benchmark has paid off."""
MAX_SHARE_PER_SIZE = 0.02
"""Upper limit of the time spent on one size, as a share of the network's time for the run."""
MAX_SECONDS_PER_SIZE = 0.5
"""Upper limit of the seconds spent on one size."""
MIN_SPEEDUP = 1.1
PADDED_SIZES = (1, 8, 32, 128, 512, 2048)
"""Sizes that an incomplete batch is padded to on a device, which prepares for every new size."""
_REPEATS = 3


def resolve_runtime(model: Model, photos: int | None) -> RuntimeConfig:
    """Return how `model` is run, with a batch size: its own, or that of `choose_batch_size`."""
    runtime = model.runtime
    size = runtime.batch_size or choose_batch_size(model, photos)
    return replace(runtime, batch_size=size)


def padded_size(model: Model, inputs: int, batch_size: int) -> int:
    """Return how many slots a batch of `inputs` should have, at most `batch_size`.

    A CPU would compute empty slots for nothing; a device gets few different sizes.
    """
    if not model.is_on_device:
        return inputs
    return min(batch_size, next((size for size in PADDED_SIZES if size >= inputs), batch_size))


def choose_batch_size(model: Model, photos: int | None) -> int:
    """Return the smallest of the usual batch sizes that no other outperforms by 10 %.

    Measured with as many batches at the same time as the model's runtime has threads. The first
    size for a run of few `photos`; None: their number is unknown. Larger sizes are left out where
    measuring them would take too large a share of the run.
    """
    sizes = DEVICE_BATCH_SIZES if model.is_on_device else CPU_BATCH_SIZES
    if photos is not None and photos < MIN_PHOTOS_TO_MEASURE:
        return sizes[0]
    return _fastest_size(model, sizes, 1 if model.is_on_device else model.runtime.threads, photos)


def _fastest_size(model: Model, sizes: tuple[int, ...], threads: int, photos: int | None) -> int:
    best, best_rate = sizes[0], 0.0
    with ThreadPoolExecutor(threads, "ctc-tune") as pool:
        for size in sizes:
            if best_rate and _is_too_long(_REPEATS * size * threads, best_rate, photos):
                break
            rate = size * threads / _measure_seconds(model, size, threads, pool)
            if rate > MIN_SPEEDUP * best_rate:
                best, best_rate = size, rate
    return best


def _is_too_long(images: int, rate: float, photos: int | None) -> bool:
    """Return whether measuring with so many `images` takes too long, at `rate` images/s."""
    share_is_too_large = photos is not None and images > MAX_SHARE_PER_SIZE * photos
    return share_is_too_large or images / rate > MAX_SECONDS_PER_SIZE


def _measure_seconds(model: Model, size: int, threads: int, pool: ThreadPoolExecutor) -> float:
    """Return the seconds of the fastest round, in which every thread runs one batch."""
    preprocessing = model.info.preprocessing
    images = np.zeros((size, preprocessing.height, preprocessing.width, 3), np.uint8)
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        list(pool.map(model.predict, [images] * threads))
        taken.append(time.perf_counter() - start)
    return min(taken)
