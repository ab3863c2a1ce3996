"""Choose the batch size by a short benchmark before a long run."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.artifacts.model.preprocessing import Preprocessing
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


RunFn = Callable[[NDArray[np.uint8]], object]
"""Runs a network on a batch of images, uint8 (N, height, width, 3)."""


class Network(Protocol):
    """An open network, as `Model`."""

    @property
    def runtime(self) -> RuntimeConfig:
        """How it is run."""

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""


def resolve_runtime(model: Model, photos: int | None) -> RuntimeConfig:
    """Return how a model is run, for its labels if it has any; see `measured_runtime`."""
    outputs = tuple(model.info.labels) or (FEATURES_OUTPUT,)
    return measured_runtime(
        model, photos, lambda images: model.run(images, outputs), model.info.preprocessing
    )


def measured_runtime(
    network: Network, photos: int | None, run: RunFn, preprocessing: Preprocessing
) -> RuntimeConfig:
    """Return how a network is run, with a batch size: its own, or that of `choose_batch_size`."""
    runtime = network.runtime
    size = runtime.batch_size or choose_batch_size(network, photos, run, preprocessing)
    return replace(runtime, batch_size=size)


def padded_size(model: Network, inputs: int, batch_size: int) -> int:
    """Return how many slots a batch of `inputs` should have, at most `batch_size`.

    A CPU would compute empty slots for nothing; a device gets few different sizes.
    """
    if not model.is_on_device:
        return inputs
    return min(batch_size, next((size for size in PADDED_SIZES if size >= inputs), batch_size))


def choose_batch_size(
    network: Network, photos: int | None, run: RunFn, preprocessing: Preprocessing
) -> int:
    """Return the smallest of the usual batch sizes that no other outperforms by 10 %.

    Measured with as many batches at the same time as the network's runtime has threads; `run` takes
    a batch of inputs as `preprocessing` makes them. The first size for a run of few `photos`; None:
    their number is unknown. Larger sizes are left out where measuring them would take too large a
    share of the run.
    """
    sizes = DEVICE_BATCH_SIZES if network.is_on_device else CPU_BATCH_SIZES
    if photos is not None and photos < MIN_PHOTOS_TO_MEASURE:
        return sizes[0]
    threads = 1 if network.is_on_device else network.runtime.threads
    image = np.zeros((preprocessing.height, preprocessing.width, 3), np.uint8)
    return _fastest_size(run, image, sizes, threads, photos)


def _fastest_size(
    run: RunFn,
    image: NDArray[np.uint8],
    sizes: tuple[int, ...],
    threads: int,
    photos: int | None,
) -> int:
    best, best_rate = sizes[0], 0.0
    with ThreadPoolExecutor(threads, "ctc-tune") as pool:
        for size in sizes:
            if best_rate and _is_too_long(_REPEATS * size * threads, best_rate, photos):
                break
            rate = size * threads / _measure_seconds(run, np.stack([image] * size), threads, pool)
            if rate > MIN_SPEEDUP * best_rate:
                best, best_rate = size, rate
    return best


def _is_too_long(images: int, rate: float, photos: int | None) -> bool:
    """Return whether measuring with so many `images` takes too long, at `rate` images/s."""
    share_is_too_large = photos is not None and images > MAX_SHARE_PER_SIZE * photos
    return share_is_too_large or images / rate > MAX_SECONDS_PER_SIZE


def _measure_seconds(
    run: RunFn, images: NDArray[np.uint8], threads: int, pool: ThreadPoolExecutor
) -> float:
    """Return the seconds of the fastest round, in which every thread runs one batch."""
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        list(pool.map(run, [images] * threads))
        taken.append(time.perf_counter() - start)
    return min(taken)
