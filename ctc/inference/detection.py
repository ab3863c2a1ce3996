"""Detection as a photo task: boxes per photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.detections import EventDetections, ImageDetections
from ctc.artifacts.model.detector import Category
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.artifacts.predictions import Meta
from ctc.artifacts.repeats import REPEATS, RepeatList
from ctc.detection.detector import DetectionConfig, OpenDetector
from ctc.detection.opening import open_detector
from ctc.detection.tiles import TileConfig, TiledDetector
from ctc.inference.events.event import Event
from ctc.inference.task import HeaderFacts, Outputs, PhotoInfo
from ctc.runtime.config import RuntimeConfig
from ctc.runtime.device_images import DeviceImages
from ctc.runtime.model_bytes import ModelFile
from ctc.storage.paths import absolute_path
from ctc.storage.urls import redact_urls

NO_TILES = TileConfig()


@dataclass(frozen=True)
class DetectionModel:
    """A `PhotoModel`: a detector, on whole photos or also on tiles.

    `repeats`: places whose boxes are marked as repeats.
    """

    network: OpenDetector
    config: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = NO_TILES
    repeats: RepeatList | None = None

    @property
    def _detector(self) -> OpenDetector | TiledDetector:
        return self.network if self.tiles.count == 1 else TiledDetector(self.network, self.tiles)

    @property
    def preprocessing(self) -> Preprocessing:
        """See `PhotoModel`."""
        return self._detector.preprocessing

    @property
    def kept_size(self) -> None:
        """See `PhotoModel`."""

    def run(self, images: NDArray[np.uint8] | DeviceImages) -> Outputs:
        """See `PhotoModel`; photos for a detector are decoded on the CPU."""
        assert not isinstance(images, DeviceImages)
        return self._detector.run(images)

    def answers(
        self, outputs: Outputs, inputs: Sequence[Sequence[PhotoInfo]]
    ) -> list[tuple[Detection, ...] | None]:
        """Return the detections of each input, None where the network gave what is not a number."""
        whole = 0, 0, self.preprocessing.height, self.preprocessing.width
        regions = [photos[0].region or whole if photos else whole for photos in inputs]
        found = self._detector.decode(outputs, regions, self.config)
        views = 1 if self.tiles.count == 1 else 1 + self.tiles.count**2
        lost = [
            any(
                not np.isfinite(values[row * views : (row + 1) * views]).all()
                for values in outputs.values()
            )
            for row in range(len(inputs))
        ]
        marked = [
            self._mark_repeats(photos[0].path, boxes) if photos else boxes
            for photos, boxes in zip(inputs, found, strict=True)
        ]
        return [None if is_lost else boxes for boxes, is_lost in zip(marked, lost, strict=True)]

    def _mark_repeats(self, path: str, boxes: tuple[Detection, ...]) -> tuple[Detection, ...]:
        if self.repeats is None or not boxes:
            return boxes
        photo = redact_urls(absolute_path(path))
        return tuple(replace(one, is_repeat=self.repeats.covers(photo, one.box)) for one in boxes)

    def photo(self, info: PhotoInfo, answer: tuple[Detection, ...]) -> ImageDetections:
        """See `PhotoModel`."""
        return _image_detections(info, answer)

    def event(self, event: Event, photos: tuple[ImageDetections, ...]) -> EventDetections:
        """See `PhotoModel`."""
        return EventDetections(event.id, photos, event.meta)


@dataclass(frozen=True)
class DetectionTask:
    """A `PhotoTask`."""

    config: DetectionConfig = field(default_factory=DetectionConfig)
    tiles: TileConfig = NO_TILES
    repeats: RepeatList | None = None

    def open(self, file: ModelFile, runtime: RuntimeConfig) -> DetectionModel:
        """See `PhotoTask`."""
        return self.bind(open_detector(file, runtime))

    def bind(self, network: OpenDetector) -> DetectionModel:
        """See `PhotoTask`."""
        return DetectionModel(network, self.config, self.tiles, self.repeats)

    def facts(self, network: OpenDetector) -> HeaderFacts:
        """See `PhotoTask`."""
        info = network.info
        settings = {
            "layout": info.layout,
            "categories": [[one.name, one.type] for one in info.categories],
            "min_confidence": (
                info.min_confidence
                if self.config.min_confidence is None
                else self.config.min_confidence
            ),
            "max_iou": info.max_iou if self.config.max_iou is None else self.config.max_iou,
            **({"licence": info.licence} if info.licence else {}),
            **({} if self.repeats is None else {REPEATS: self.repeats.image_root}),
        }
        return HeaderFacts(
            input_size=(info.input.height, info.input.width),
            provenance=info.provenance,
            settings=settings,
        )


@dataclass(frozen=True)
class DetectionCodec:
    """An `AnswerCodec`: a list per box, [x, y, width, height, confidence, category number], with a
    further 1 for a repeat."""

    categories: tuple[Category, ...]

    def photo_to_json(self, photo: ImageDetections) -> list[list[float]]:
        """See `AnswerCodec`."""
        return [self.detection_to_json(one) for one in photo.detections]

    def photo_from_json(self, value: Any, info: PhotoInfo) -> ImageDetections:
        """See `AnswerCodec`."""
        return _image_detections(info, tuple(map(self.detection_from_json, value)))

    def event_to_json(self, event: EventDetections) -> None:
        """See `AnswerCodec`: all is in the photos."""

    def event_from_json(
        self, value: Any, event_id: str, meta: Meta, photos: tuple[ImageDetections, ...]
    ) -> EventDetections:
        """See `AnswerCodec`."""
        if value is not None:
            raise ValueError("not an event of boxes")
        return EventDetections(event_id, photos, meta)

    def detection_to_json(self, one: Detection) -> list[float]:
        """Return the numbers of a box."""
        box, number = one.box, self.categories.index(Category(one.category, one.type))
        mark = [1] if one.is_repeat else []
        return [box.x, box.y, box.width, box.height, box.confidence or 0.0, number, *mark]

    def detection_from_json(self, value: Any) -> Detection:
        """Return the box; ValueError or TypeError for what `detection_to_json` doesn't return."""
        x, y, width, height, confidence, number, *mark = value
        if mark not in ([], [1]):
            raise ValueError("not the mark of a repeat")
        if not 0 <= number < len(self.categories):
            raise ValueError("not a category of the detector")
        category = self.categories[number]
        sides = map(float, (x, y, width, height))
        box = Box(*sides, confidence=float(confidence))
        return Detection(box, category.name, category.type, bool(mark))


def _image_detections(info: PhotoInfo, found: tuple[Detection, ...]) -> ImageDetections:
    return ImageDetections(
        info.path,
        found,
        info.taken,
        info.camera,
        info.latitude,
        info.longitude,
        info.meta or {},
        info.box,
        info.size,
    )
