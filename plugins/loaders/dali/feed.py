"""What DALI is fed with: one batch after the other, drawn as for every loader."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Augmentation, LoaderConfig

from ..common.augment import Floats, color_matrices, draw, views
from ..common.order import Numbers
from ..common.samples import Samples
from .geometry import frame, frame_arrays
from .graph import Recipe, color_arrays
from .photos import Photo, Photos, PhotoSample


@dataclass(frozen=True)
class Fed:
    """A batch before it is decoded. `inputs`: what `dali_graph.build` wants; `colors` (N, 3, 7) when colours change."""

    photos: list[Photo]
    labels: dict[str, NDArray[np.int32]]
    colors: Floats | None
    inputs: tuple[Any, ...]


class Feed:
    """The batches of one epoch from a step on, as DALI draws them; `waiting` are those that it has and hasn't given back."""

    def __init__(
        self,
        samples: Samples,
        photos: Photos,
        config: LoaderConfig,
        augmentation: Augmentation,
        recipe: Recipe,
        epoch: int,
    ) -> None:
        self._samples, self._photos = samples, photos
        self._config, self._augmentation = config, augmentation
        self._recipe, self._epoch = recipe, epoch
        self._fit = config.resize == "fit-crop" or augmentation.preserve_aspect
        self._whole = not (augmentation.crop or augmentation.zoom or augmentation.rotate)
        self._order: Numbers = samples.ordered(epoch)
        self.waiting: deque[Fed] = deque()

    def inputs(self, steps: range) -> Iterator[tuple[Any, ...]]:
        """The inputs of these steps; their batches are `waiting` from then on."""
        for step in steps:
            fed = self.batch(step)
            self.waiting.append(fed)
            yield fed.inputs

    def batch(self, step: int) -> Fed:
        """The batch of a step, read and checked. Raises InputError for a bad record or photo, unless those are to be skipped."""
        config = self._config
        wanted = self._order[step * config.batch_size : (step + 1) * config.batch_size].tolist()
        self._samples.announce(row for row, _ in wanted)
        draws = draw(config.seed, self._epoch, step, config.shard[0], len(wanted))
        samples = [
            self._photos.get(row, photo, *chances)
            for (row, photo), *chances in zip(wanted, draws.photo, draws.observation, strict=True)
        ]
        columns = self._samples.columns
        rows = np.array([sample.labels for sample in samples], np.int32).reshape(len(samples), columns.total)
        inside = self._recipe.colored_inside
        colors = color_matrices(draws.color, self._augmentation.color) if self._recipe.colored else None
        return Fed(
            photos=[photo for sample in samples for photo in sample.photos],
            labels=columns.parted(rows),
            colors=None if inside else colors,
            inputs=(*self._photo_inputs(samples, draws.view), *(color_arrays(colors) if inside else ())),
        )

    def _photo_inputs(self, samples: list[PhotoSample], draws: Floats) -> Iterator[Any]:
        shown = views(draws, self._augmentation)
        for photos in zip(*(sample.photos for sample in samples), strict=True):
            frames = [
                frame(view, photo.size, self._recipe.size, self._fit, self._whole)
                for view, photo in zip(shown, photos, strict=True)
            ]
            yield [np.frombuffer(photo.jpeg, np.uint8) for photo in photos]
            yield from frame_arrays(frames)
