"""Detections: the boxes that a detector found in photos."""

from __future__ import annotations

from dataclasses import dataclass, field

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.predictions import Meta


@dataclass(frozen=True, slots=True)
class ImageDetections:
    """The detections of a photo, the surest first; see `ImagePrediction` for the other fields."""

    path: str
    detections: tuple[Detection, ...]
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    meta: Meta = field(default_factory=dict)
    box: Box | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EventDetections:
    """The photos of an event with their detections."""

    id: str
    images: tuple[ImageDetections, ...]
    meta: Meta = field(default_factory=dict)
