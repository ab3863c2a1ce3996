"""Detections: the boxes that a detector found in photos."""

from __future__ import annotations

from dataclasses import dataclass, field

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.predictions import Meta


@dataclass(frozen=True, slots=True)
class ImageDetections:
    """The detections of a photo, the surest first, repeats among them.

    For the other fields see `ImagePrediction`.
    """

    path: str
    detections: tuple[Detection, ...]
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    meta: Meta = field(default_factory=dict)
    box: Box | None = None
    size: tuple[int, int] | None = None

    @property
    def set_aside(self) -> tuple[Detection, ...]:
        """Those of the detections that are repeats."""
        return tuple(one for one in self.detections if one.is_repeat)


@dataclass(frozen=True, slots=True)
class EventDetections:
    """The photos of an event with their detections."""

    id: str
    images: tuple[ImageDetections, ...]
    meta: Meta = field(default_factory=dict)
