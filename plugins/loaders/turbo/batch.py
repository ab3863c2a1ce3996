"""One batch: which photos, drawn how, and the work of a thread that fills some of its places."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctc.errors import ImageError
from ctc.plugin import Augmentation, LoaderConfig

from ..common.augment import Draws, Matrix, View, color_matrices, draw, views
from ..common.order import Numbers
from ..common.samples import Samples
from .transform import Darkroom

_HELD_BY_NOBODY = 2  # the list here, and the argument of getrefcount


class Buffers:
    """Hands out uint8 arrays of one shape. An array is handed out again only when nothing refers to it any more: no batch, no view
    of it, and no framework that shares its memory (they all hold the array). Of those in use, at most `kept` are remembered."""

    def __init__(self, shape: tuple[int, ...], kept: int) -> None:
        self._shape = shape
        self._kept = kept
        self._arrays: list[NDArray[np.uint8]] = []

    def take(self) -> NDArray[np.uint8]:
        """An array with arbitrary content."""
        for i in range(len(self._arrays)):
            if sys.getrefcount(self._arrays[i]) == _HELD_BY_NOBODY:
                return self._arrays[i]
        array = np.empty(self._shape, np.uint8)
        self._arrays = [*self._arrays, array][-self._kept :]
        return array


BATCHES_AHEAD = 3
_HELD_BY_USER = 2


@dataclass(frozen=True)
class Job:
    """A batch in the making: `images` (N, height, width, 3) and `labels` (N, columns) get filled; `samples` (row, photo) say with what."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    samples: list[list[int]]
    draws: Draws
    views: list[View]
    colors: list[Matrix] | None


class Workshop:
    """Begins batches, and fills them in any number of threads."""

    def __init__(self, samples: Samples, config: LoaderConfig, augmentation: Augmentation) -> None:
        self._samples, self._config, self._augmentation = samples, config, augmentation
        self._darkroom = Darkroom(config, augmentation)
        shape = (config.batch_size, config.height, config.width, 3)
        self._buffers = Buffers(shape, BATCHES_AHEAD + 1 + _HELD_BY_USER)

    def begin(self, samples: Numbers, epoch: int, step: int) -> Job:
        """The batch of `samples` (N, 2), rows and photos, with nothing in it yet."""
        config, augmentation = self._config, self._augmentation
        draws = draw(config.seed, epoch, step, config.shard[0], len(samples))
        colored = augmentation.color != "none" and config.image_choice != "grayscale_stacking"
        self._samples.announce(samples[:, 0].tolist())
        return Job(
            images=self._buffers.take()[: len(samples)],
            labels=np.empty((len(samples), self._samples.columns.total), np.int32),
            samples=samples.tolist(),
            draws=draws,
            views=views(draws.view, augmentation),
            colors=color_matrices(draws.color, augmentation.color).tolist() if colored else None,
        )

    def fill(self, job: Job, places: Iterable[int]) -> None:
        """Fill some places of the batch. Raises InputError for a bad record or photo, as `Samples.first_good`."""
        for place in places:
            row, photo = job.samples[place]
            self._samples.first_good(row, partial(self._fill_one, job, place, photo))

    def _fill_one(self, job: Job, place: int, photo: int, row: int) -> None:
        sample = self._samples.get(row, photo, job.draws.photo[place], job.draws.observation[place])
        color = None if job.colors is None else job.colors[place]
        try:
            self._darkroom.develop(sample.jpegs, job.views[place], color, job.images[place])
        except ImageError as error:
            raise self._samples.bad_photo(row, sample.numbers, error) from None
        job.labels[place] = sample.labels
