"""The loader `turbo`: from records to augmented batches on the CPU, in threads whose heavy calls
run outside the GIL.

memory-mapped records → in place, where its JPEGs and labels lie → scaled decode → one affine → one
colour matrix → batch

What a batch holds depends on seed, epoch, step and reader alone, so an epoch can be taken up at any
step, with any number of threads. Without augmentation it is the evaluation path of every loader.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor

from ctc.artifacts.dataset import Dataset
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from ..common.evaluation import EvaluationStream
from ..common.order import Indices
from ..common.samples import Samples
from ..common.stream import Stream
from .batch import PREFETCH_BATCHES, BatchBuilder, PendingBatch
from .threads import worker_pool

_SAMPLES_PER_TASK = 8


@hookimpl
def ctc_loaders() -> list[Loader]:
    return [
        Loader(
            "turbo",
            "fast on CPUs: scaled decoding, one affine and one colour matrix in threads",
            available,
            open_split,
        )
    ]


def available() -> str | None:
    """None, or why it can't run here."""
    if importlib.util.find_spec("google_crc32c") is None:
        return "google-crc32c is not installed: pip install 'camera-trap-classifier[data]'"
    return None


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Raises CtcError for an unknown split or label, missing or cut files, or too few samples for a
    batch."""
    if config.augmentation is None:
        return EvaluationStream(dataset, split, config)
    return TurboTrainingStream(dataset, split, config, config.augmentation)


class TurboTrainingStream(Stream):
    """Augmented batches. With `on_bad_record="skip"` the place of a bad record or photo is taken by
    the next good one of the split, so that every batch is full and every reader makes the same
    number of steps."""

    def __init__(
        self, dataset: Dataset, split: str, config: LoaderConfig, augmentation: Augmentation
    ) -> None:
        super().__init__(dataset, split, config)
        self._samples = Samples(dataset, split, config, self._plan, self._bad_records)
        self._batch_builder = BatchBuilder(self._samples, config, augmentation)

    def close(self) -> None:
        """End the epochs that were not read to their end, with their threads, and let go of the
        files."""
        super().close()
        self._samples.close()

    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        samples = self._samples.epoch_order(epoch)
        waiting: deque[tuple[PendingBatch, list[Future[None]]]] = deque()
        with worker_pool(self._config.threads) as pool:
            for step in range(start_step, self._plan.steps):
                waiting.append(self._submit_batch(pool, samples, epoch, step))
                if len(waiting) > PREFETCH_BATCHES:
                    yield self._collect_batch(*waiting.popleft())
            while waiting:
                yield self._collect_batch(*waiting.popleft())

    def _submit_batch(
        self, pool: ThreadPoolExecutor, samples: Indices, epoch: int, step: int
    ) -> tuple[PendingBatch, list[Future[None]]]:
        size = self._config.batch_size
        job = self._batch_builder.start_batch(samples[step * size : (step + 1) * size], epoch, step)
        places = range(len(job.images))
        parts = [places[i : i + _SAMPLES_PER_TASK] for i in places[::_SAMPLES_PER_TASK]]
        return job, [pool.submit(self._batch_builder.fill, job, part) for part in parts]

    def _collect_batch(self, batch: PendingBatch, futures: list[Future[None]]) -> Batch:
        for part in futures:
            part.result()
        return Batch(batch.images, self._samples.columns.to_batch_labels(batch.labels))
