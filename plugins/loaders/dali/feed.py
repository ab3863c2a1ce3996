"""Input of DALI: batches with random parameters drawn as for every loader."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Augmentation, LoaderConfig

from ..common.augment import Floats, ViewParams, color_matrices, random_draws, view_params
from ..common.choices import should_preserve_aspect
from ..common.order import Indices
from ..common.rand_augment import (
    ColorStep,
    batch_color_steps,
    distorted_views,
    random_operations,
)
from ..common.random_erasing import Erasure, random_erasures
from ..common.samples import Samples
from .geometry import crop_geometry, geometry_arrays
from .graph import DaliConfig, color_arrays
from .graph_distortions import erasure_arrays, step_arrays
from .photos import EncodedPhoto, PhotoSample, PhotoSamples

_ANNOUNCED_BATCHES = 2


@dataclass(frozen=True)
class DaliBatch:
    """Batch before decoding.

    `inputs` are the arguments of the pipeline (see `build_pipeline`). `colors` (N, 3, 7) are the
    colour matrices when colours change outside the pipeline, `steps` what RandAugment makes of
    them, and `erasures` the boxes that are erased there.
    """

    photos: list[EncodedPhoto]
    labels: dict[str, NDArray[np.int32]]
    event_ids: tuple[str, ...]
    colors: Floats | None
    steps: list[list[ColorStep]] | None
    erasures: list[Erasure | None] | None
    inputs: tuple[Any, ...]


class BatchSource:
    """Batches of one epoch, as DALI requests them.

    `in_flight` holds the batches that DALI has received and not yet returned.
    """

    def __init__(
        self,
        samples: Samples,
        photos: PhotoSamples,
        config: LoaderConfig,
        augmentation: Augmentation,
        dali_config: DaliConfig,
        epoch: int,
    ) -> None:
        self._samples, self._photos = samples, photos
        self._config, self._augmentation = config, augmentation
        self._dali_config, self._epoch = dali_config, epoch
        self._preserve_aspect = should_preserve_aspect(config, augmentation)
        self._snap_to_pixels = not (
            augmentation.crop
            or augmentation.zoom
            or augmentation.rotate
            or augmentation.randaugment
        )
        self._order: Indices = samples.epoch_order(epoch)
        self.in_flight: deque[DaliBatch] = deque()

    def iter_inputs(self, steps: range) -> Iterator[tuple[Any, ...]]:
        """Yield the inputs of these steps; their batches are `in_flight` from then on."""
        for step in steps[:_ANNOUNCED_BATCHES]:
            self._announce(step)
        for step in steps:
            if step + _ANNOUNCED_BATCHES in steps:
                self._announce(step + _ANNOUNCED_BATCHES)
            batch = self.make_batch(step)
            self.in_flight.append(batch)
            yield batch.inputs

    def make_batch(self, step: int) -> DaliBatch:
        """Read and check the batch of a step.

        Raises InputError for a bad record or photo, unless bad ones are skipped.
        """
        config, wanted = self._config, self._wanted(step).tolist()
        draws = random_draws(config.seed, self._epoch, step, config.shard[0], len(wanted))
        samples = [
            self._photos.get(row, photo, *chances)
            for (row, photo), *chances in zip(wanted, draws.photo, draws.observation, strict=True)
        ]
        columns = self._samples.columns
        rows = np.array([sample.labels for sample in samples], np.int32).reshape(
            len(samples), columns.num_columns
        )
        dali_config, augmentation = self._dali_config, self._augmentation
        inside = dali_config.device.is_portable
        colors = (
            color_matrices(draws.color, augmentation.color) if dali_config.should_recolor else None
        )
        views = view_params(draws.view, augmentation)
        key, steps, erasures = (config.seed, self._epoch, step, config.shard[0]), None, None
        if augmentation.randaugment:
            operations = random_operations(augmentation, key, len(samples))
            views = distorted_views(views, operations, dali_config.size)
            if dali_config.color_steps:
                steps = batch_color_steps(colors, operations)
        if dali_config.erases:
            erasures = random_erasures(
                augmentation.random_erasing, dali_config.size, key, len(samples)
            )
        pipeline_colors: tuple[Any, ...] = ()
        if inside and steps is not None:
            pipeline_colors = step_arrays(steps, dali_config.color_steps)
        elif inside and colors is not None:
            pipeline_colors = color_arrays(colors)
        return DaliBatch(
            photos=[photo for sample in samples for photo in sample.photos],
            labels=columns.to_batch_labels(rows),
            event_ids=tuple(sample.event_id for sample in samples),
            colors=None if inside or steps is not None else colors,
            steps=None if inside else steps,
            erasures=None if inside else erasures,
            inputs=(
                *self._photo_inputs(samples, views),
                *pipeline_colors,
                *(erasure_arrays(erasures) if inside and erasures is not None else ()),
            ),
        )

    def _wanted(self, step: int) -> Indices:
        """Return row and photo of each position of a batch, (N, 2)."""
        size = self._config.batch_size
        return self._order[step * size : (step + 1) * size]

    def _announce(self, step: int) -> None:
        """Let the disk read the records of a batch."""
        self._samples.prefetch_hint(self._wanted(step)[:, 0])

    def _photo_inputs(
        self, samples: list[PhotoSample], shown: Sequence[ViewParams]
    ) -> Iterator[Any]:
        for photos in zip(*(sample.photos for sample in samples), strict=True):
            frames = [
                crop_geometry(
                    view,
                    photo.size,
                    self._dali_config.size,
                    self._preserve_aspect,
                    self._snap_to_pixels,
                )
                for view, photo in zip(shown, photos, strict=True)
            ]
            yield [np.frombuffer(photo.jpeg, np.uint8) for photo in photos]
            yield from geometry_arrays(frames)
