"""Loader `dali`: NVIDIA DALI decodes and augments, on the GPU when there is one, else on the CPU.

Steps: memory-mapped records → JPEGs → DALI: decode, halve, one affine transform, colours → batch.

The content of a batch is decided before DALI and depends on seed, epoch, step and reader alone, so
an epoch can be resumed at any step. On a GPU batches are tensors of Keras' backend that never left
the GPU, on the CPU NumPy arrays. Without augmentation it is the evaluation path of every loader.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ctc.artifacts.dataset import Dataset
from ctc.errors import InputError
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from ..common.open_stream import open_stream
from ..common.samples import Samples
from ..common.stream import Stream
from .device import DaliDevice, available, default_device
from .feed import BatchSource, DaliBatch
from .graph import DaliConfig, build_pipeline
from .output import as_array, as_tensor, keras_backend
from .photos import PhotoSamples
from .prefetch import prefetch

_PREFETCH_BATCHES = 2


@hookimpl
def ctc_loaders() -> list[Loader]:
    return [
        Loader(
            "dali",
            "fastest on NVIDIA GPUs: NVIDIA DALI; works on the CPU as well",
            available,
            open_split,
            distorts=True,
        )
    ]


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Open a split on the default device; see `open_stream`."""
    return open_stream(_open_training, dataset, split, config)


def _open_training(
    dataset: Dataset, split: str, config: LoaderConfig, augmentation: Augmentation
) -> BatchStream:
    return DaliTrainingStream(dataset, split, config, augmentation, default_device())


class DaliTrainingStream(Stream):
    """Augmented batches.

    With `on_bad_record="skip"` the next good record of the split replaces a bad record or photo, so
    that every batch is full and every reader makes the same number of steps.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        config: LoaderConfig,
        augmentation: Augmentation,
        device: DaliDevice,
    ) -> None:
        super().__init__(dataset, split, config)
        self._augmentation = augmentation
        self._dali_config = DaliConfig.from_config(config, augmentation, device)
        self._samples = Samples(dataset, split, config, self._plan, self._bad_records)
        self._photos = PhotoSamples(
            self._samples, self._bad_records, self._dali_config.photos_per_sample
        )
        self._builder: ThreadPoolExecutor | None = None
        self._prepared: tuple[int, Future[tuple[BatchSource, Any]]] | None = None

    def close(self) -> None:
        """End the unfinished epochs, their pipelines and threads, and release the files."""
        super().close()
        if self._builder:
            self._builder.shutdown()
        self._builder = self._prepared = None
        self._samples.close()

    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        backend = None if self._dali_config.device.gpu is None else keras_backend()
        for fed, images in prefetch(self._decoded_batches(epoch, start_step), _PREFETCH_BATCHES):
            yield Batch(
                images if backend is None else as_tensor(images, backend),
                fed.labels,
                event_ids=fed.event_ids,
            )

    def _decoded_batches(
        self, epoch: int, start_step: int
    ) -> Generator[tuple[DaliBatch, Any], None, None]:
        """Yield each batch with its images: a NumPy array, or a DALI TensorList on the GPU."""
        feed, pipeline = self._open_epoch(epoch, start_step)
        for step in range(start_step, self._plan.steps):
            try:
                (images,) = pipeline.run()
                fed = feed.in_flight.popleft()
            except RuntimeError as error:
                if _is_out_of_memory(error):
                    raise
                fed, images = self._rebuild_batch(feed, step, error)
                pipeline = self._build_pipeline(feed, step + 1)
            yield (
                fed,
                images if self._dali_config.device.gpu is not None else as_array(images, fed),
            )
        del images, pipeline  # its memory is free for the next one
        self._prepare_epoch(epoch + 1)

    def _open_epoch(self, epoch: int, start_step: int) -> tuple[BatchSource, Any]:
        """Return the feed and the pipeline of an epoch, which may have been built before."""
        prepared, self._prepared = self._prepared, None
        if prepared and start_step == 0:
            number, opened = prepared
            if number == epoch:
                return opened.result()
        return self._new_epoch(epoch, start_step)

    def _prepare_epoch(self, epoch: int) -> None:
        """Build the pipeline of the next epoch in a thread, such as during validation.

        On a GPU it takes a second, with its decoders, threads and memory.
        """
        if self._dali_config.device.is_portable:
            self._builder = self._builder or ThreadPoolExecutor(1, "ctc-dali-next")
            self._prepared = epoch, self._builder.submit(self._new_epoch, epoch, 0)

    def _new_epoch(self, epoch: int, start_step: int) -> tuple[BatchSource, Any]:
        feed = BatchSource(
            self._samples, self._photos, self._config, self._augmentation, self._dali_config, epoch
        )
        return feed, self._build_pipeline(feed, start_step)

    def _build_pipeline(self, feed: BatchSource, step: int) -> Any:
        feed.in_flight.clear()
        return build_pipeline(feed.iter_inputs(range(step, self._plan.steps)), self._dali_config)

    def _rebuild_batch(
        self, feed: BatchSource, step: int, error: RuntimeError
    ) -> tuple[DaliBatch, Any]:
        """Rebuild a batch that DALI failed on, without the photos at fault.

        DALI fails with a whole batch. Raises InputError that names the photo, or the batch when no
        photo is at fault.
        """
        fed = feed.in_flight[0]
        while self._photos.reject_undecodable(fed.photos):
            fed = feed.make_batch(step)
            try:
                (images,) = build_pipeline(iter([fed.inputs]), self._dali_config).run()
            except RuntimeError as again:
                error = again
            else:
                return fed, images
        where = self._samples.describe_row(fed.photos[0].row)
        cause = " ".join(str(error).split())
        raise InputError(f"DALI failed on the batch that begins with {where}: {cause}") from error


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether the GPU's memory is exhausted, which is no photo's fault."""
    text = str(error).lower()
    return any(words in text for words in ("allocat", "out of memory", "bad_alloc"))
