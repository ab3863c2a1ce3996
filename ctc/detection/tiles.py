"""Detection in tiles: small animals in large photos.

The photo is laid out larger than the network's input, so that the input shows a tile of it. The
network is run on the whole photo and on each tile; overlapping boxes of all of them are removed
together (slicing-aided inference, arXiv 2202.06934).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Detection
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.detection.detector import DetectionConfig, OpenDetector, Outputs
from ctc.detection.geometry import Region
from ctc.plugin import RawBoxes

EDGE = 1.0
"""Pixels from the inner edge of a tile within which a box is cut by it."""


@dataclass(frozen=True)
class TileConfig:
    """`count` × `count` tiles, which overlap by the fraction `overlap` (0–0.5) of a tile's side."""

    count: int = 1
    overlap: float = 0.2


@dataclass(frozen=True)
class TiledDetector:
    """A detector that looks at a photo as a whole and in tiles; used like `OpenDetector`."""

    detector: OpenDetector
    tiles: TileConfig

    @property
    def preprocessing(self) -> Preprocessing:
        """How a photo becomes the pixels that the tiles are cut from."""
        inner = self.detector.preprocessing
        return replace(
            inner, height=self._starts(inner.height)[1], width=self._starts(inner.width)[1]
        )

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Return the outputs for (N, height, width, 3): N × (1 + tiles) rows, photo by photo."""
        return self.detector.run(np.concatenate([self._views(image) for image in images]))

    def decode(
        self, outputs: Outputs, regions: Sequence[Region], config: DetectionConfig
    ) -> list[tuple[Detection, ...]]:
        """Return the detections of each photo, see `OpenDetector.decode`."""
        views = 1 + self.tiles.count**2
        raw = self.detector.raw_boxes(outputs, len(regions) * views, config)
        return [
            self.detector.finish(self._merge(raw[at * views : (at + 1) * views]), region, config)
            for at, region in enumerate(regions)
        ]

    def _views(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the photo as a whole, and its tiles."""
        inner = self.detector.preprocessing
        size = inner.height, inner.width
        whole = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
        tiles = [image[top : top + size[0], left : left + size[1]] for top, left in self._corners]
        return np.stack([np.asarray(whole, np.uint8), *tiles])

    @cached_property
    def _corners(self) -> list[tuple[int, int]]:
        inner = self.detector.preprocessing
        tops, lefts = self._starts(inner.height)[0], self._starts(inner.width)[0]
        return [(top, left) for top in tops for left in lefts]

    def _starts(self, side: int) -> tuple[list[int], int]:
        """Return where the tiles of one direction begin, and the length of all, in pixels."""
        step = max(1, round(side * (1 - self.tiles.overlap)))
        starts = [number * step for number in range(self.tiles.count)]
        return starts, starts[-1] + side

    def _merge(self, views: Sequence[RawBoxes]) -> RawBoxes:
        """Return the boxes of the whole photo and of its tiles, in pixels of the large photo.

        A box that the inner edge of a tile cuts is left out: a neighbouring tile, or the whole
        photo, shows all of it.
        """
        inner, outer = self.detector.preprocessing, self.preprocessing
        factor = np.array([outer.width / inner.width, outer.height / inner.height] * 2, np.float32)
        parts = [replace(views[0], corners=views[0].corners * factor)]
        for view, (top, left) in zip(views[1:], self._corners, strict=True):
            cut = (
                ((view.corners[:, 0] <= EDGE) & (left > 0))
                | ((view.corners[:, 1] <= EDGE) & (top > 0))
                | ((view.corners[:, 2] >= inner.width - EDGE) & (left + inner.width < outer.width))
                | (
                    (view.corners[:, 3] >= inner.height - EDGE)
                    & (top + inner.height < outer.height)
                )
            )
            moved = view.corners[~cut] + np.array([left, top, left, top], np.float32)
            parts.append(RawBoxes(moved, view.scores[~cut], view.categories[~cut]))
        return RawBoxes(
            np.concatenate([part.corners for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.categories for part in parts]),
        )
