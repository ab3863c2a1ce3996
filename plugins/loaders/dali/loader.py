"""The loader `dali`: NVIDIA DALI decodes and augments, on the GPU when there is one, else on the CPU.

memory-mapped records → JPEGs → DALI: decode, halve, one affine, colours → batch

What a batch holds is decided here, before DALI, and depends on seed, epoch, step and reader alone, so an epoch can be taken up at any
step. On a GPU batches are tensors of Keras' backend that never left the GPU, on the CPU NumPy arrays. Without augmentation it is the
evaluation path of every loader.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ctc.artifacts.dataset import Dataset
from ctc.errors import InputError
from ctc.plugin import Augmentation, Batch, BatchStream, Loader, LoaderConfig, hookimpl

from ..common.evaluation import EvaluationStream
from ..common.samples import Samples
from ..common.stream import Stream
from .device import Place, available, best_place
from .feed import Fed, Feed
from .graph import Recipe, build
from .output import as_array, as_tensor, keras_backend
from .photos import Photos
from .prefetch import ahead

_BATCHES_AHEAD = 2


@hookimpl
def ctc_loaders() -> list[Loader]:
    return [Loader("dali", "fastest on NVIDIA GPUs: NVIDIA DALI; works on the CPU as well", available, open_split)]


def open_split(dataset: Dataset, split: str, config: LoaderConfig) -> BatchStream:
    """Raises CtcError for an unknown split or label, missing or cut files, or too few samples for a batch."""
    if config.augmentation is None:
        return EvaluationStream(dataset, split, config)
    return TrainingStream(dataset, split, config, config.augmentation, best_place())


class TrainingStream(Stream):
    """Augmented batches. With `on_bad_record="skip"` the place of a bad record or photo is taken by the next good one of the split, so
    that every batch is full and every reader makes the same number of steps."""

    def __init__(
        self, dataset: Dataset, split: str, config: LoaderConfig, augmentation: Augmentation, place: Place
    ) -> None:
        super().__init__(dataset, split, config)
        self._augmentation = augmentation
        self._recipe = Recipe.of(config, augmentation, place)
        self._samples = Samples(dataset, split, config, self._plan, self._bad)
        self._photos = Photos(self._samples, self._bad, self._recipe.photos)

    def close(self) -> None:
        """End the epochs that were not read to their end, with their pipelines and threads, and let go of the files."""
        super().close()
        self._samples.close()

    def _batches(self, epoch: int, start_step: int) -> Generator[Batch, None, None]:
        backend = None if self._recipe.place.gpu is None else keras_backend()
        for fed, images in ahead(self._developed(epoch, start_step), _BATCHES_AHEAD):
            yield Batch(images if backend is None else as_tensor(images, backend), fed.labels)

    def _developed(self, epoch: int, start_step: int) -> Generator[tuple[Fed, Any], None, None]:
        """Each batch as it was fed, with its images: a NumPy array, or a DALI TensorList on the GPU."""
        feed = Feed(self._samples, self._photos, self._config, self._augmentation, self._recipe, epoch)
        pipeline = self._pipeline(feed, start_step)
        for step in range(start_step, self._plan.steps):
            try:
                (images,) = pipeline.run()
                fed = feed.waiting.popleft()
            except RuntimeError as error:
                fed, images = self._mended(feed, step, error)
                pipeline = self._pipeline(feed, step + 1)
            yield fed, images if self._recipe.place.gpu is not None else as_array(images, fed.colors)

    def _pipeline(self, feed: Feed, step: int) -> Any:
        feed.waiting.clear()
        return build(feed.inputs(range(step, self._plan.steps)), self._recipe)

    def _mended(self, feed: Feed, step: int, error: RuntimeError) -> tuple[Fed, Any]:
        """DALI fails with a whole batch: find the photo at fault, and make the batch without it. Raises InputError, naming the photo's
        place, or the batch when no photo is at fault."""
        fed = feed.waiting[0]
        while self._photos.refuse(fed.photos):
            fed = feed.batch(step)
            try:
                (images,) = build(iter([fed.inputs]), self._recipe).run()
            except RuntimeError as again:
                error = again
            else:
                return fed, images
        where = self._samples.where(fed.photos[0].row)
        reason = " ".join(str(error).split())
        raise InputError(f"DALI failed on the batch that begins with {where}: {reason}") from error
