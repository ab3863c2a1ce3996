"""The features of photos and events."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box, Detection
from ctc.artifacts.predictions import Meta


@dataclass(frozen=True, slots=True)
class PhotoFeatures:
    """The features of one photo, float32 (size,); see `ImagePrediction` for the other fields."""

    path: str
    features: NDArray[np.float32]
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    meta: Meta = field(default_factory=dict, kw_only=True)
    box: Box | None = field(default=None, kw_only=True)
    size: tuple[int, int] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class AnimalFeatures:
    """An animal's box, and the features of its crop, float32 (size,)."""

    detection: Detection
    features: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PhotoAnimals:
    """The features of the animals in one photo, the surest first, and the repeats among its boxes;
    see `ImagePrediction` for the other fields."""

    path: str
    animals: tuple[AnimalFeatures, ...]
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    meta: Meta = field(default_factory=dict, kw_only=True)
    box: Box | None = field(default=None, kw_only=True)
    size: tuple[int, int] | None = field(default=None, kw_only=True)
    set_aside: tuple[Detection, ...] = field(default=(), kw_only=True)

    @property
    def is_left_out(self) -> bool:
        """Whether the output has no row of the photo."""
        return not self.animals


@dataclass(frozen=True, slots=True)
class EventFeatures:
    """The photos of one event, at least one, and its further columns."""

    id: str
    images: tuple[PhotoFeatures | PhotoAnimals, ...]
    meta: Meta = field(default_factory=dict)
