"""Evaluation batches: the pixels of `ctc.images`, the same for every loader."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.artifacts.event_record import EventRecord
from ctc.images.eval_samples import (
    PhotoSelection,
    Sample,
    eval_batches,
    eval_samples,
    read_events,
    record_table,
    select_photos,
)
from ctc.plugin import Batch, LoaderConfig

from .choices import takes_all_photos
from .plan import make_preprocessing
from .stream import Stream


class EvaluationStream(Stream):
    """Every sample once, without augmentation.

    Samples come in file order, or shuffled when the configuration says so.
    """

    def __init__(self, dataset: Dataset, split: str, config: LoaderConfig) -> None:
        super().__init__(dataset, split, config)
        self._dataset, self._split = dataset, split
        self._preprocessing = make_preprocessing(config)
        self._table = record_table(dataset, split)
        self._multi_label = dataset.num_classes(config.multi_label)

    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        config = self._config
        samples = eval_samples(
            self._selections(epoch, start_step),
            self._preprocessing,
            config.labels,
            self._bad_records.skip_or_raise,
            config.threads,
            self._multi_label,
        )
        taken: deque[str] = deque()
        batches = eval_batches(_note_ids(samples, taken), config.labels, config.batch_size)
        for images, labels in batches:
            if config.drop_remainder and len(images) < config.batch_size:
                return
            yield Batch(images, labels, event_ids=tuple(taken))
            taken.clear()

    def _selections(self, epoch: int, start_step: int) -> Iterator[PhotoSelection]:
        """Yield this reader's remaining samples, not yet decoded."""
        number, readers = self._config.shard
        mine = slice(
            number + start_step * self._config.batch_size * readers,
            readers * self._plan.samples,
            readers,
        )
        table = self._ordered_table(epoch)
        if not takes_all_photos(self._config):
            return select_photos(self._read_events(table[mine]), self._preprocessing)
        return islice(
            select_photos(self._read_events(table), self._preprocessing),
            mine.start,
            mine.stop,
            mine.step,
        )

    def _read_events(self, table: NDArray[np.int64]) -> Iterator[tuple[str, EventRecord]]:
        return read_events(self._dataset, self._split, table, self._bad_records.skip_or_raise)

    def _ordered_table(self, epoch: int) -> NDArray[np.int64]:
        if not self._config.shuffle:
            return self._table
        return np.random.default_rng([self._config.seed, epoch]).permutation(self._table)


def _note_ids(samples: Iterable[Sample], taken: deque[str]) -> Iterator[Sample]:
    """Yield the samples; append the event id of each to `taken` when it is taken."""
    for sample in samples:
        taken.append(sample.event_id)
        yield sample
