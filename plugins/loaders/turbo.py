"""The loader `turbo`: from records to augmented batches on the CPU, in threads whose heavy calls run outside the GIL.

memory-mapped records → in place, where its JPEGs and labels lie → scaled decode → one affine → one colour matrix → batch

What a batch holds depends on seed, epoch, step and reader alone, so an epoch can be taken up at any step, with any number of
threads. Without augmentation it is the evaluation path of every loader.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property

import numpy as np

from ctc.artifacts.dataset import Dataset
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from .evaluation import EvaluationStream
from .order import Numbers, shuffled, window
from .plan import plan
from .turbo_batch import BATCHES_AHEAD, Job, Workshop
from .turbo_records import Records
from .turbo_threads import crew

_SAMPLES_AT_ONCE = 8


@hookimpl
def ctc_loaders() -> list[Loader]:
    return [
        Loader(
            "turbo", "fast on CPUs: scaled decoding, one affine and one colour matrix in threads", available, open_split
        )
    ]


def available() -> str | None:
    """None, or why it can't run here."""
    if importlib.util.find_spec("google_crc32c") is None:
        return "google-crc32c is not installed: pip install 'camera-trap-classifier[data]'"
    return None


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Raises CtcError for an unknown split or label, missing or cut files, or too few samples for a batch."""
    if config.augmentation is None:
        return EvaluationStream(dataset, split, config)
    return TrainingStream(dataset, split, config, config.augmentation)


class TrainingStream:
    """Augmented batches. With `on_bad_record="skip"` the place of a bad record or photo is taken by the next good one of the split, so
    that every batch is full and every reader makes the same number of steps."""

    def __init__(self, dataset: Dataset, split: str, config: LoaderConfig, augmentation: Augmentation) -> None:
        self._plan = plan(dataset, split, config)
        self._config = config
        self._shards = dataset.shards(split)
        self._records = Records(dataset, split, config.labels)
        self._workshop = Workshop(self._records, config, augmentation)
        self._crews: set[ThreadPoolExecutor] = set()

    @property
    def samples(self) -> int:
        """How many images one epoch holds."""
        return self._plan.samples

    @property
    def steps(self) -> int:
        """How many batches one epoch holds."""
        return self._plan.steps

    @property
    def skipped(self) -> int:
        """How many bad records or photos were replaced so far."""
        return len(self._workshop.bad)

    def epoch(self, index: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of epoch `index`, from `start_step` on."""
        samples = self._ordered(index)
        waiting: deque[tuple[Job, list[Future[None]]]] = deque()
        with crew(self._config.threads) as pool:
            self._crews.add(pool)
            try:
                for step in range(start_step, self._plan.steps):
                    waiting.append(self._begin(pool, samples, index, step))
                    if len(waiting) > BATCHES_AHEAD:
                        yield self._finish(*waiting.popleft())
                while waiting:
                    yield self._finish(*waiting.popleft())
            finally:
                self._crews.discard(pool)

    def close(self) -> None:
        """End the threads of epochs that were not read to their end; those can't be read on."""
        for pool in list(self._crews):
            pool.shutdown(cancel_futures=True)
        self._records.close()

    def _begin(
        self, pool: ThreadPoolExecutor, samples: Numbers, epoch: int, step: int
    ) -> tuple[Job, list[Future[None]]]:
        size = self._config.batch_size
        job = self._workshop.begin(samples[step * size : (step + 1) * size], epoch, step)
        places = range(len(job.images))
        parts = [places[i : i + _SAMPLES_AT_ONCE] for i in places[::_SAMPLES_AT_ONCE]]
        return job, [pool.submit(self._workshop.fill, job, part) for part in parts]

    def _finish(self, job: Job, parts: list[Future[None]]) -> Batch:
        for part in parts:
            part.result()
        return Batch(job.images, dict(zip(self._config.labels, job.labels, strict=True)))

    def _ordered(self, epoch: int) -> Numbers:
        """(samples, 2): rows and photos of this reader, in the order of the epoch."""
        config, samples = self._config, self._all_samples
        order = np.arange(len(samples))
        if config.shuffle:
            among = window(self._shards, len(samples))
            order = shuffled(self._records.shard_of[samples[:, 0]], among, config.seed, epoch)
        number, readers = config.shard
        return samples[np.resize(order[number::readers], self._plan.samples)]

    @cached_property
    def _all_samples(self) -> Numbers:
        """(N, 2): row and photo of every sample of the split, in the order of the files. To take every photo of an event, all records
        have to be looked through once."""
        if self._config.image_choice != "all":
            return np.stack([np.arange(len(self._records)), np.zeros(len(self._records), np.int64)], axis=1)
        return self._workshop.all_photos()
