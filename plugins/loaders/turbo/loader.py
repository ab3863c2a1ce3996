"""Loader `turbo`: from records to augmented batches on the CPU.

Steps: locate JPEGs and labels in memory-mapped records → scaled decode → one affine transform → one
colour matrix → batch. Threads do the work; the heavy calls run outside the GIL.

The content of a batch depends on seed, epoch, step and reader alone, so an epoch can be resumed at
any step, with any number of threads. Without augmentation it is the evaluation path of every
loader.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import Generator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from ctc.artifacts.dataset import Dataset
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from ..common.open_stream import open_stream
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
            distorts=True,
        )
    ]


def available() -> str | None:
    """Return None, or the reason why the loader can't run here."""
    if importlib.util.find_spec("google_crc32c") is None:
        return "google-crc32c is not installed: pip install 'camera-trap-classifier[data]'"
    return None


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Open a split; see `open_stream`."""
    return open_stream(TurboTrainingStream, dataset, split, config)


class TurboTrainingStream(Stream):
    """Augmented batches.

    With `on_bad_record="skip"` the next good record of the split replaces a bad record or photo, so
    that every batch is full and every reader makes the same number of steps.
    """

    def __init__(
        self, dataset: Dataset, split: str, config: LoaderConfig, augmentation: Augmentation
    ) -> None:
        super().__init__(dataset, split, config)
        self._samples = Samples(dataset, split, config, self._plan, self._bad_records)
        self._batch_builder = BatchBuilder(self._samples, config, augmentation)

    def close(self) -> None:
        """End the unfinished epochs and their threads, and release the files."""
        super().close()
        self._samples.close()

    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        samples = self._samples.epoch_order(epoch)
        pending: deque[tuple[PendingBatch, list[Future[None]]]] = deque()
        with worker_pool(self._config.threads) as pool:
            for step in range(start_step, self._plan.steps):
                pending.append(self._submit_batch(pool, samples, epoch, step))
                if len(pending) > PREFETCH_BATCHES:
                    yield self._collect_batch(*pending.popleft())
            while pending:
                yield self._collect_batch(*pending.popleft())

    def _submit_batch(
        self, pool: ThreadPoolExecutor, samples: Indices, epoch: int, step: int
    ) -> tuple[PendingBatch, list[Future[None]]]:
        size = self._config.batch_size
        chosen = samples[step * size : (step + 1) * size]
        batch = self._batch_builder.start_batch(chosen, epoch, step)
        positions = range(len(batch.images))
        chunks = [positions[i : i + _SAMPLES_PER_TASK] for i in positions[::_SAMPLES_PER_TASK]]
        return batch, [pool.submit(self._batch_builder.fill, batch, chunk) for chunk in chunks]

    def _collect_batch(self, batch: PendingBatch, futures: list[Future[None]]) -> Batch:
        wait(futures, return_when=FIRST_EXCEPTION)  # wakes this thread once, not for each task
        for future in futures:
            future.result()
        labels = self._samples.columns.to_batch_labels(batch.labels)
        return Batch(batch.images, labels, event_ids=tuple(batch.event_ids))
