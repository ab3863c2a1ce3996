"""Batches from the host's memory, copied to the GPU one step ahead, in a thread."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import repeat, takewhile

import keras
import numpy as np

from ctc.plugin import Batch
from ctc.storage.ordered_map import map_in_order
from ctc.training.distributed.backend import keras_gpus

_AHEAD = 1


@contextmanager
def on_device(batches: Iterator[Batch], device_count: int) -> Iterator[Iterator[Batch]]:
    """Yield the batches with their images on the GPU.

    They are the same batches on a CPU, which reads them where they are, and with several devices,
    each of which gets its part of a batch in the step.
    """
    gpus = keras_gpus()
    if not gpus or device_count > 1:
        yield batches
        return
    with closing(_copied_ahead(batches, gpus[0])) as copied:
        yield copied


def _copied_ahead(batches: Iterator[Batch], device: str) -> Generator[Batch, None, None]:
    def next_copied(_: None) -> Batch | None:
        batch = next(batches, None)
        return None if batch is None else _copied(batch, device)

    with (
        ThreadPoolExecutor(1, "ctc-copy") as pool,
        closing(map_in_order(pool, next_copied, repeat(None), _AHEAD + 1)) as made,
    ):
        for batch in takewhile(lambda made_batch: made_batch is not None, made):
            assert batch is not None
            yield batch


def _copied(batch: Batch, device: str) -> Batch:
    """Copy the images, and wait for it: the loader may write its memory again afterwards."""
    if not isinstance(batch.images, np.ndarray):
        return batch
    with keras.device(device):
        images = keras.ops.convert_to_tensor(batch.images)
    if keras.backend.backend() == "jax":
        images.block_until_ready()
    return replace(batch, images=images)
