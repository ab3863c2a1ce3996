"""One batch: which photos, drawn how, and the work of a thread that fills some of its places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.errors import ImageError, InputError
from ctc.plugin import Augmentation, LoaderConfig

from .augment import Draws, Matrix, View, color_matrices, draw, views
from .order import Numbers
from .turbo_buffers import Buffers
from .turbo_image import Darkroom
from .turbo_records import Records

BATCHES_AHEAD = 3
_HELD_BY_USER = 2


@dataclass(frozen=True)
class Job:
    """A batch in the making: `images` (N, height, width, 3) and `labels` (labels, N) get filled; `samples` (row, photo) say with what."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    samples: list[list[int]]
    draws: Draws
    views: list[View]
    colors: list[Matrix] | None


class Workshop:
    """Begins batches, and fills them in any number of threads. `bad`: the bad records and photos met so far."""

    def __init__(self, records: Records, config: LoaderConfig, augmentation: Augmentation) -> None:
        self._records, self._config, self._augmentation = records, config, augmentation
        self._darkroom = Darkroom(config, augmentation)
        shape = (config.batch_size, config.height, config.width, 3)
        self._buffers = Buffers(shape, BATCHES_AHEAD + 1 + _HELD_BY_USER)
        self.bad: set[str] = set()

    def begin(self, samples: Numbers, epoch: int, step: int) -> Job:
        """The batch of `samples` (N, 2), rows and photos, with nothing in it yet."""
        config, augmentation = self._config, self._augmentation
        draws = draw(config.seed, epoch, step, config.shard[0], len(samples))
        colored = augmentation.color != "none" and config.image_choice != "grayscale_stacking"
        for row in samples[:, 0].tolist():
            self._records.announce(row)
        return Job(
            images=self._buffers.take()[: len(samples)],
            labels=np.empty((len(config.labels), len(samples)), np.int32),
            samples=samples.tolist(),
            draws=draws,
            views=views(draws.view, augmentation),
            colors=color_matrices(draws.color, augmentation.color).tolist() if colored else None,
        )

    def fill(self, job: Job, places: Iterable[int]) -> None:
        """Fill some places of the batch. A bad record raises InputError; when those are to be skipped, the next good one of the split
        takes its place, unless there is none."""
        rows = len(self._records)
        for place in places:
            first, photo = job.samples[place]
            for tried in range(rows):
                row = (first + tried) % rows
                try:
                    self._fill_one(job, place, row, photo)
                    break
                except InputError as error:
                    if self._config.on_bad_record == "fail" or tried == rows - 1:
                        raise
                    self.bad.add(str(error))

    def all_photos(self) -> Numbers:
        """(N, 2): row and number of every photo of the split; raises InputError for a bad record, unless those are to be skipped and
        there is a good one."""
        found: list[tuple[int, int]] = []
        for row in range(len(self._records)):
            try:
                found += [(row, photo) for photo in range(len(self._records.event(row).jpegs))]
            except InputError as error:
                if self._config.on_bad_record == "fail" or (not found and row == len(self._records) - 1):
                    raise
                self.bad.add(str(error))
        return np.array(found, np.int64)

    def _fill_one(self, job: Job, place: int, row: int, photo: int) -> None:
        event = self._records.event(row)
        chosen = self._chosen(len(event.jpegs), photo, job.draws.photo[place])
        color = None if job.colors is None else job.colors[place]
        try:
            self._darkroom.develop([event.jpegs[i] for i in chosen], job.views[place], color, job.images[place])
        except ImageError as error:
            raise InputError(f"{self._records.where(row)}: photo {', '.join(map(str, chosen))}: {error}") from None
        share = job.draws.observation[place] if self._config.observation == "random" else 0.0
        job.labels[:, place] = [values[int(share * len(values))] for values in event.labels]

    def _chosen(self, photos: int, photo: int, draw: float) -> Sequence[int]:
        """The numbers of the photos to show, of an event that has so many."""
        choice = self._config.image_choice
        if choice == "grayscale_stacking":
            return range(min(photos, 3))
        if choice == "random":
            return (int(draw * photos),)
        return (min(photo, photos - 1),)
