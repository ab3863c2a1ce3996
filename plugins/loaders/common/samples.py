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
from .order import Indices, shuffle_window, shuffled_indices
from .plan import EpochPlan
from .records import Records
from .weighted_sampling import row_weights, systematic_sample

T = TypeVar("T")


class EncodedSample(NamedTuple):
    """JPEGs in place, one or up to three to be stacked, and the labels wanted as a row of
    `LabelColumns`. They come from the record `row`, where the photos have the `photo_numbers`."""

    row: int
    photo_numbers: Sequence[int]
    jpegs: list[memoryview]
    labels: list[int]


class Samples:
    """One reader's samples of a split; `columns`: how their labels lie."""

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        config: LoaderConfig,
        plan: EpochPlan,
        bad_records: BadRecords,
    ) -> None:
        self._dataset, self._split = dataset, split
        self._config, self._plan, self._bad_records = config, plan, bad_records
        self._shards = dataset.shards(split)
        self.columns = LabelColumns(dataset, config)
        self._records = Records(dataset, split, config.labels)

    def epoch_order(self, epoch: int) -> Indices:
        """(samples, 2): rows and photos in the order of the epoch."""
        config, samples = self._config, self._all_samples
        weights = self._weights
        order = (
            np.arange(len(samples))
            if weights is None
            else systematic_sample(weights, config.seed, epoch)
        )
        if config.shuffle:
            among = shuffle_window(self._shards, len(samples))
            order = order[
                shuffled_indices(
                    self._records.shard_ids[samples[order, 0]], among, config.seed, epoch
                )
            ]
        number, readers = config.shard
        return samples[np.resize(order[number::readers], self._plan.samples)]

    def prefetch_hint(self, rows: Iterable[int]) -> None:
        """Let the system fetch these records, without waiting for them."""
        for row in rows:
            self._records.prefetch_hint(row)

    def get(
        self, row: int, photo: int, photo_draw: float, observation_draw: float
    ) -> EncodedSample:
        """The sample of a record; the draws, in 0–1, choose among its photos and observations.
        Raises InputError for a bad record."""
        event = self._records.read(row)
        numbers = self._choose_photos(len(event.jpegs), photo, photo_draw)
        share = observation_draw if self._config.observation == "random" else 0.0
        labels = self.columns.encode_row(event.labels, share)
        return EncodedSample(row, numbers, [event.jpegs[number] for number in numbers], labels)

    def first_good(self, row: int, make: Callable[[int], T]) -> T:
        """What `make` makes of a row. Raises its InputError, unless bad records are to be skipped:
        then the next good row of the split takes the place, if there is one."""
        rows = len(self._records)
        for tried in range(row, row + rows - 1):
            try:
                return make(tried % rows)
            except InputError as error:
                self._bad_records.skip_or_raise(error)
        return make((row - 1) % rows)

    def describe_row(self, row: int) -> str:
        """Shard and offset of a record, for messages."""
        return self._records.describe_row(row)

    def bad_photo_error(self, row: int, numbers: Iterable[int], error: ImageError) -> InputError:
        """The error that says where the photos lie."""
        return InputError(
            f"{self.describe_row(row)}: photo {', '.join(map(str, numbers))}: {error}"
        )

    def close(self) -> None:
        """Let go of the files."""
        self._records.close()

    @cached_property
    def _all_samples(self) -> Indices:
        """(N, 2): row and photo of every sample of the split, in the order of the files. To take
        every photo of an event, all records have to be looked through once."""
        rows = range(len(self._records))
        if self._config.image_choice != "all":
            return np.stack([np.array(rows), np.zeros(len(rows), np.int64)], axis=1)
        found: list[tuple[int, int]] = []
        for row in rows:
            try:
                found += [(row, photo) for photo in range(len(self._records.read(row).jpegs))]
            except InputError as error:
                if not found and row == rows[-1]:
                    raise
                self._bad_records.skip_or_raise(error)
        return np.array(found, np.int64)

    @cached_property
    def _weights(self) -> NDArray[np.float64] | None:
        """(N,): of every sample, when they are to be drawn by weight."""
        draw = self._config.draw_weights
        return (
            row_weights(self._dataset, self._split, self._config, draw)[self._all_samples[:, 0]]
            if draw
            else None
        )

    def _choose_photos(self, photos: int, photo: int, draw: float) -> Sequence[int]:
        """The numbers of the photos to show, of an event that has so many."""
        choice = self._config.image_choice
        if choice == "grayscale_stacking":
            return range(min(photos, 3))
        if choice == "random":
            return (int(draw * photos),)
        return (min(photo, photos - 1),)
