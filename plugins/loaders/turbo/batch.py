"""Batches of the loader `turbo`: their buffers, their parameters, and the work that fills them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctc.errors import ImageError
from ctc.plugin import Augmentation, LoaderConfig

from ..common.apply_colors import erase
from ..common.augment import (
    ColorMatrix,
    RandomDraws,
    ViewParams,
    color_matrices,
    random_draws,
    view_params,
)
from ..common.choices import should_recolor, stacks_photos
from ..common.order import Indices
from ..common.rand_augment import (
    ColorStep,
    batch_color_steps,
    distorted_views,
    random_operations,
)
from ..common.random_erasing import Erasure, random_erasures
from ..common.samples import Samples
from .transform import ImageTransform

PREFETCH_BATCHES = 3
_HELD_BY_USER = 2
_UNUSED_REFCOUNT = 2  # the list here, and the argument of getrefcount


@dataclass(frozen=True)
class PendingBatch:
    """Batch that is being filled.

    `images` (N, height, width, 3), `labels` (N, columns) and `event_ids` are written by the
    threads; `samples` holds (row, photo) for each position. With RandAugment the colours change by
    `steps`, which begin with `colors`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    event_ids: list[str]
    samples: list[list[int]]
    draws: RandomDraws
    views: list[ViewParams]
    colors: list[ColorMatrix] | None
    steps: list[list[ColorStep]] | None
    erasures: list[Erasure | None] | None


class BatchBuilder:
    """Creates batches and fills them from any number of threads."""

    def __init__(self, samples: Samples, config: LoaderConfig, augmentation: Augmentation) -> None:
        self._samples, self._config, self._augmentation = samples, config, augmentation
        self._transform = ImageTransform(config, augmentation)
        self._size = (config.height, config.width)
        shape = (config.batch_size, *self._size, 3)
        self._buffers = BufferPool(shape, PREFETCH_BATCHES + 1 + _HELD_BY_USER)

    def start_batch(self, samples: Indices, epoch: int, step: int) -> PendingBatch:
        """Return the still empty batch of `samples` (N, 2), rows and photo numbers."""
        config, augmentation = self._config, self._augmentation
        draws = random_draws(config.seed, epoch, step, config.shard[0], len(samples))
        colored = should_recolor(config, augmentation)
        colors = color_matrices(draws.color, augmentation.color) if colored else None
        views = view_params(draws.view, augmentation)
        key, steps = (config.seed, epoch, step, config.shard[0]), None
        if augmentation.randaugment:
            operations = random_operations(augmentation, key, len(samples))
            views = distorted_views(views, operations, self._size)
            if not stacks_photos(config):
                steps = batch_color_steps(colors, operations)
        self._samples.prefetch_hint(samples[:, 0])
        return PendingBatch(
            images=self._buffers.acquire()[: len(samples)],
            labels=np.empty((len(samples), self._samples.columns.num_columns), np.int32),
            event_ids=[""] * len(samples),
            samples=samples.tolist(),
            draws=draws,
            views=views,
            colors=None if colors is None else colors.tolist(),
            steps=steps,
            erasures=random_erasures(augmentation.random_erasing, self._size, key, len(samples))
            if augmentation.random_erasing
            else None,
        )

    def fill(self, batch: PendingBatch, positions: Iterable[int]) -> None:
        """Fill some positions of a batch.

        Raises InputError for a bad record or photo, as `Samples.first_good`.
        """
        for position in positions:
            row, photo = batch.samples[position]
            self._samples.first_good(row, partial(self._fill_one, batch, position, photo))

    def _fill_one(self, batch: PendingBatch, position: int, photo: int, row: int) -> None:
        sample = self._samples.get(
            row, photo, batch.draws.photo[position], batch.draws.observation[position]
        )
        view, out = batch.views[position], batch.images[position]
        color = None if batch.colors is None else batch.colors[position]
        try:
            if batch.steps is None:
                self._transform.apply(sample.jpegs, view, color, out)
            else:
                self._transform.apply_steps(sample.jpegs[0], view, batch.steps[position], out)
        except ImageError as error:
            raise self._samples.bad_photo_error(row, sample.photo_numbers, error) from None
        if batch.erasures is not None:
            erase(out, batch.erasures[position])
        batch.labels[position] = sample.labels
        batch.event_ids[position] = sample.event_id


class BufferPool:
    """Pool of uint8 arrays of one shape.

    An array is handed out again only when nothing refers to it any more: no batch, no view of it,
    and no framework that shares its memory (they all hold the array). At most `max_kept` arrays are
    tracked.
    """

    def __init__(self, shape: tuple[int, ...], max_kept: int) -> None:
        self._shape = shape
        self._max_kept = max_kept
        self._arrays: list[NDArray[np.uint8]] = []

    def acquire(self) -> NDArray[np.uint8]:
        """Return an array with arbitrary content."""
        for i in range(len(self._arrays)):
            if sys.getrefcount(self._arrays[i]) == _UNUSED_REFCOUNT:
                return self._arrays[i]
        array = np.empty(self._shape, np.uint8)
        self._arrays = [*self._arrays, array][-self._max_kept :]
        return array
