"""Which samples a reader takes of a split, and what each is made of before it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.errors import ImageError, InputError
from ctc.plugin import LoaderConfig

from .bad_records import BadRecords
from .label_columns import LabelColumns
from .order import Numbers, shuffled, window
from .plan import Plan
from .records import Records
from .weighted_sampling import drawn, row_weights

T = TypeVar("T")


class Sample(NamedTuple):
    """JPEGs in place, one or up to three to be stacked, and the labels wanted as a row of `LabelColumns`. They come from the record `row`,
    where the photos have the `numbers`."""

    row: int
    numbers: Sequence[int]
    jpegs: list[memoryview]
    labels: list[int]


class Samples:
    """One reader's samples of a split; `columns`: how their labels lie."""

    def __init__(self, dataset: Dataset, split: str, config: LoaderConfig, plan: Plan, bad: BadRecords) -> None:
        self._dataset, self._split = dataset, split
        self._config, self._plan, self._bad = config, plan, bad
        self._shards = dataset.shards(split)
        self.columns = LabelColumns(dataset, config)
        self._records = Records(dataset, split, config.labels)

    def ordered(self, epoch: int) -> Numbers:
        """(samples, 2): rows and photos in the order of the epoch."""
        config, samples = self._config, self._all
        weights = self._weights
        order = np.arange(len(samples)) if weights is None else drawn(weights, config.seed, epoch)
        if config.shuffle:
            among = window(self._shards, len(samples))
            order = order[shuffled(self._records.shard_of[samples[order, 0]], among, config.seed, epoch)]
        number, readers = config.shard
        return samples[np.resize(order[number::readers], self._plan.samples)]

    def announce(self, rows: Iterable[int]) -> None:
        """Let the system fetch these records, without waiting for them."""
        for row in rows:
            self._records.announce(row)

    def get(self, row: int, photo: int, photo_draw: float, observation_draw: float) -> Sample:
        """The sample of a record; the draws, in 0–1, choose among its photos and observations. Raises InputError for a bad record."""
        event = self._records.event(row)
        numbers = self._chosen(len(event.jpegs), photo, photo_draw)
        share = observation_draw if self._config.observation == "random" else 0.0
        labels = self.columns.row(event.labels, share)
        return Sample(row, numbers, [event.jpegs[number] for number in numbers], labels)

    def first_good(self, row: int, make: Callable[[int], T]) -> T:
        """What `make` makes of a row. Raises its InputError, unless bad records are to be skipped: then the next good row of the split
        takes the place, if there is one."""
        rows = len(self._records)
        for tried in range(row, row + rows - 1):
            try:
                return make(tried % rows)
            except InputError as error:
                self._bad.leave_out(error)
        return make((row - 1) % rows)

    def where(self, row: int) -> str:
        """Shard and offset of a record, for messages."""
        return self._records.where(row)

    def bad_photo(self, row: int, numbers: Iterable[int], error: ImageError) -> InputError:
        """The error that says where the photos lie."""
        return InputError(f"{self.where(row)}: photo {', '.join(map(str, numbers))}: {error}")

    def close(self) -> None:
        """Let go of the files."""
        self._records.close()

    @cached_property
    def _all(self) -> Numbers:
        """(N, 2): row and photo of every sample of the split, in the order of the files. To take every photo of an event, all records
        have to be looked through once."""
        rows = range(len(self._records))
        if self._config.image_choice != "all":
            return np.stack([np.array(rows), np.zeros(len(rows), np.int64)], axis=1)
        found: list[tuple[int, int]] = []
        for row in rows:
            try:
                found += [(row, photo) for photo in range(len(self._records.event(row).jpegs))]
            except InputError as error:
                if not found and row == rows[-1]:
                    raise
                self._bad.leave_out(error)
        return np.array(found, np.int64)

    @cached_property
    def _weights(self) -> NDArray[np.float64] | None:
        """(N,): of every sample, when they are to be drawn by weight."""
        draw = self._config.draw_weights
        return row_weights(self._dataset, self._split, self._config, draw)[self._all[:, 0]] if draw else None

    def _chosen(self, photos: int, photo: int, draw: float) -> Sequence[int]:
        """The numbers of the photos to show, of an event that has so many."""
        choice = self._config.image_choice
        if choice == "grayscale_stacking":
            return range(min(photos, 3))
        if choice == "random":
            return (int(draw * photos),)
        return (min(photo, photos - 1),)
