"""The features of photos and events."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
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
class EventFeatures:
    """The photos of one event, at least one, and its further columns."""

    id: str
    images: tuple[PhotoFeatures, ...]
    meta: Meta = field(default_factory=dict)
