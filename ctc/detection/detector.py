"""An open detector: pixels in, boxes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Detection
from ctc.artifacts.model.detector import DetectorInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.detection.geometry import Region, is_box, to_box, to_fractions
from ctc.detection.nms import suppress_overlaps
from ctc.errors import InputError
from ctc.plugin import Detector, RawBoxes
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.network import Network

MAX_BOXES = 300
"""The most boxes of one photo."""
_SCORE_TOLERANCE = 1e-3

Outputs = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class DetectionConfig:
    """What counts as a box: `min_confidence` and `max_iou`, 0–1; None for those of the file."""

    min_confidence: float | None = None
    max_iou: float | None = None


@dataclass(frozen=True)
class OpenDetector:
    """A detector's file that is open: its metadata, the layout of its outputs, its network.

    `dtype`: the type of the network's input, uint8 or a float.
    """

    info: DetectorInfo
    layout: Detector
    network: Network
    dtype: np.dtype[Any]

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.network.path

    @property
    def runtime(self) -> RuntimeConfig:
        """How it is run; the provider is never `auto`."""
        return self.network.runtime

    @property
    def is_on_device(self) -> bool:
        """Whether the provider is fastest with one large batch at a time."""
        return self.network.is_on_device

    @property
    def preprocessing(self) -> Preprocessing:
        """How a photo becomes pixels of the input's size."""
        return self.info.input.preprocessing

    def interrupt(self) -> None:
        """Stop the batches that are in the network at the moment; they raise InputError."""
        self.network.interrupt()

    def run(self, images: NDArray[np.uint8]) -> Outputs:
        """Return the outputs of the network, by name, for uint8 (N, height, width, 3), RGB.

        Threads may call it at the same time. Raises InputError when the network can't be run.
        """
        names = [output.name for output in self.network.session.get_outputs()]
        return self.network.run_in_parts(self.to_input(images), names, self._check_output)

    def to_input(self, images: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the batch as the network takes it."""
        how = self.info.input
        pixels = images[..., ::-1] if how.channels == "bgr" else images
        if how.order == "nchw":
            pixels = pixels.transpose(0, 3, 1, 2)
        if self.dtype == np.uint8:
            return np.ascontiguousarray(pixels)
        shape = (1, 3, 1, 1) if how.order == "nchw" else (1, 1, 1, 3)
        factor = 1 / (how.scale * np.array(how.std, np.float64))
        offset = np.array(how.mean, np.float64) / np.array(how.std, np.float64)
        numbers = np.multiply(pixels, factor.astype(np.float32).reshape(shape), dtype=np.float32)
        if offset.any():
            numbers -= offset.astype(np.float32).reshape(shape)
        return np.ascontiguousarray(numbers, self.dtype)

    def decode(
        self, outputs: Outputs, regions: Sequence[Region], config: DetectionConfig
    ) -> list[tuple[Detection, ...]]:
        """Return the detections of each image, the surest first.

        `regions`: where each photo is in its input; outputs may have more rows. Boxes of ignored
        categories, those outside the photo and overlaps are left out.
        """
        found = self.raw_boxes(outputs, len(regions), config)
        suppresses = self.layout.has_overlaps
        return [
            self.finish(raw, region, config, suppresses)
            for raw, region in zip(found, regions, strict=True)
        ]

    def raw_boxes(
        self, outputs: Outputs, images: int, config: DetectionConfig
    ) -> Sequence[RawBoxes]:
        """Return the boxes of the first `images` rows of the outputs; raises InputError.

        Scores above 1 and unknown categories are an error.
        """
        size = self.info.input.height, self.info.input.width
        used = {name: values[:images] for name, values in outputs.items()}
        found = self.layout.decode(used, size, self._min_confidence(config))
        for raw in found:
            self._check_raw(raw)
        return found

    def finish(
        self, raw: RawBoxes, region: Region, config: DetectionConfig, suppresses: bool = True
    ) -> tuple[Detection, ...]:
        """Return the boxes of a photo as detections; `suppresses`: without overlaps."""
        max_iou = self.info.max_iou if config.max_iou is None else config.max_iou
        fractions = to_fractions(raw.corners, region)
        wanted = np.array([one.type not in ("ignored", "blank") for one in self.info.categories])
        rows = np.flatnonzero(is_box(fractions) & wanted[raw.categories])
        corners, scores, categories = raw.corners[rows], raw.scores[rows], raw.categories[rows]
        kept = (
            suppress_overlaps(corners, scores, categories, max_iou, MAX_BOXES)
            if suppresses
            else np.argsort(-scores, kind="stable")[:MAX_BOXES]
        )
        return tuple(
            Detection(
                to_box(fractions[rows[one]], min(1.0, float(scores[one]))),
                self.info.categories[categories[one]].name,
                self.info.categories[categories[one]].type,
            )
            for one in kept
        )

    def _min_confidence(self, config: DetectionConfig) -> float:
        chosen = config.min_confidence
        return self.info.min_confidence if chosen is None else chosen

    def _check_raw(self, raw: RawBoxes) -> None:
        """Raise InputError for scores and categories that can't be."""
        if not len(raw.scores):
            return
        highest = float(raw.scores.max())
        if highest > 1 + _SCORE_TOLERANCE:
            raise InputError(
                f"detector '{self.path}' gave a score of {highest:.3g}, above 1: its outputs are "
                f"not of the layout '{self.layout.name}', or are logits"
            )
        lowest, last = int(raw.categories.min()), int(raw.categories.max())
        if lowest < 0 or last >= len(self.info.categories):
            raise InputError(
                f"detector '{self.path}' found category number {lowest if lowest < 0 else last}, "
                f"but its file names {len(self.info.categories)}: "
                "import it again with all --category"
            )

    def _check_output(self, name: str, values: NDArray[np.float32], images: int) -> None:
        if not values.ndim or len(values) != images:
            raise InputError(
                f"detector '{self.path}': output '{name}' has the shape {values.shape} for a batch "
                f"of {images}"
            )
