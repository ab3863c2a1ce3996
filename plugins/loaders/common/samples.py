"""Samples of one reader of a split, before decoding."""

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
from .choices import choose_photos, takes_all_photos
from .label_columns import LabelColumns
from .order import Indices, shuffle_window, shuffled_indices
from .plan import EpochPlan
from .records import Records
from .weighted_sampling import row_weights, systematic_sample

ResultT = TypeVar("ResultT")


class EncodedSample(NamedTuple):
    """JPEGs of one sample, in place, with its labels.

    There is one JPEG, or up to three that are stacked. `labels` is a row of `LabelColumns`. The
    sample comes from the record `row` of the event `event_id`, where the photos have the numbers
    `photo_numbers`.
    """

    row: int
    photo_numbers: Sequence[int]
    jpegs: list[memoryview]
    labels: list[int]
    event_id: str


class Samples:
    """One reader's samples of a split; `columns` is the layout of their labels."""

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
        """Return rows and photo numbers in the order of an epoch, (samples, 2)."""
        config, samples = self._config, self._all_samples
        weights = self._weights
        order = (
            np.arange(len(samples))
            if weights is None
            else systematic_sample(weights, config.seed, epoch)
        )
        if config.shuffle:
            window_size = shuffle_window(self._shards, len(samples))
            order = order[
                shuffled_indices(
                    self._records.shard_ids[samples[order, 0]], window_size, config.seed, epoch
                )
            ]
        number, readers = config.shard
        return samples[np.resize(order[number::readers], self._plan.samples)]

    def prefetch_hint(self, rows: Indices) -> None:
        """Ask the operating system to read these records, without waiting for them."""
        self._records.prefetch_hint(rows)

    def get(
        self, row: int, photo: int, photo_draw: float, observation_draw: float
    ) -> EncodedSample:
        """Return the sample of a record.

        The draws, in 0–1, choose among its photos and observations. Raises InputError for a bad
        record.
        """
        event = self._records.read(row)
        numbers = choose_photos(self._config, len(event.jpegs), photo, photo_draw)
        draw = observation_draw if self._config.observation == "random" else 0.0
        labels = self.columns.encode_row(event.labels, draw)
        jpegs = [event.jpegs[number] for number in numbers]
        return EncodedSample(row, numbers, jpegs, labels, event.event_id)

    def first_good(self, row: int, make: Callable[[int], ResultT]) -> ResultT:
        """Return `make(row)`, or `make` of the next good row when bad records are skipped.

        Raises the InputError of `make` when bad records are not skipped, or when there is no good
        row.
        """
        rows = len(self._records)
        for tried in range(row, row + rows - 1):
            try:
                return make(tried % rows)
            except InputError as error:
                self._bad_records.skip_or_raise(error)
        return make((row - 1) % rows)

    def describe_row(self, row: int) -> str:
        """Return shard and offset of a record, for messages."""
        return self._records.describe_row(row)

    def bad_photo_error(self, row: int, numbers: Iterable[int], error: ImageError) -> InputError:
        """Return the error that names the record and the photos."""
        return InputError(
            f"{self.describe_row(row)}: photo {', '.join(map(str, numbers))}: {error}"
        )

    def close(self) -> None:
        """Release the files."""
        self._records.close()

    @cached_property
    def _all_samples(self) -> Indices:
        """Row and photo number of every sample of the split in file order, (N, 2).

        When every photo is a sample, all records are read once to count their photos.
        """
        rows = range(len(self._records))
        if not takes_all_photos(self._config):
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
        """Sampling weight of every sample, (N,); None without weighted sampling."""
        draw = self._config.draw_weights
        return (
            row_weights(self._dataset, self._split, self._config, draw)[self._all_samples[:, 0]]
            if draw
            else None
        )
