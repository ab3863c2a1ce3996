"""Evaluation batches: the pixels of `ctc.images`, the same for every loader."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import Dataset
from ctc.images.eval_samples import (
    Sample,
    eval_batches,
    eval_samples,
    read_eval_samples,
    read_events,
    record_table,
    select_photos,
)
from ctc.plugin import Batch, LoaderConfig

from .choices import takes_all_photos
from .plan import make_preprocessing
from .stream import Stream

_BATCHES_AHEAD = 2


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
        samples = self._samples(epoch, start_step)
        taken: deque[str] = deque()
        batches = eval_batches(_note_ids(samples, taken), config.labels, config.batch_size)
        for images, labels in batches:
            if config.drop_remainder and len(images) < config.batch_size:
                return
            yield Batch(images, labels, event_ids=tuple(taken))
            taken.clear()

    def _samples(self, epoch: int, start_step: int) -> Iterator[Sample]:
        """Yield this reader's remaining samples.

        The threads read records and decode photos of the next two batches while the device works
        on this one. With several readers of all photos, one thread reads and counts them before.
        """
        config, on_bad = self._config, self._bad_records.skip_or_raise
        number, readers = config.shard
        mine = slice(
            number + start_step * config.batch_size * readers,
            readers * self._plan.samples,
            readers,
        )
        table = self._ordered_table(epoch)
        given = self._preprocessing, config.labels, on_bad, config.threads, self._multi_label
        if takes_all_photos(config) and mine != slice(0, self._plan.samples, 1):
            events = read_events(self._dataset, self._split, table, on_bad)
            photos = select_photos(events, self._preprocessing)
            return eval_samples(islice(photos, mine.start, mine.stop, mine.step), *given)
        rows = table if takes_all_photos(config) else table[mine]
        ahead = _BATCHES_AHEAD * config.batch_size
        return read_eval_samples(self._dataset, self._split, rows, *given, ahead=ahead)

    def _ordered_table(self, epoch: int) -> NDArray[np.int64]:
        if not self._config.shuffle:
            return self._table
        return np.random.default_rng([self._config.seed, epoch]).permutation(self._table)


def _note_ids(samples: Iterable[Sample], taken: deque[str]) -> Iterator[Sample]:
    """Yield the samples; append the event id of each to `taken` when it is taken."""
    for sample in samples:
        taken.append(sample.event_id)
        yield sample
