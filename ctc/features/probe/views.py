"""Views of a photo: deterministic augmentations, whose features can be kept and reused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from ctc.features.probe.config import ViewName
from ctc.images.decode import Pixels

ZOOM = 7 / 8
"""Side of the central crop of `zoom`, as a share of the photo's: usual for ImageNet."""


def _zoom(images: Pixels) -> Pixels:
    """Return the central crop of each image, enlarged to its size."""
    height, width = images.shape[1:3]
    top, left = (round(side * (1 - ZOOM) / 2) for side in (height, width))
    cropped = images[:, top : height - top, left : width - left]
    return np.stack([cv2.resize(np.ascontiguousarray(one), (width, height)) for one in cropped])


VIEWS: Mapping[ViewName, Callable[[Pixels], Pixels]] = {
    "original": lambda images: images,
    "flip": lambda images: np.ascontiguousarray(images[:, :, ::-1]),
    "zoom": _zoom,
}
"""Functions from network inputs, uint8 (N, height, width, 3), to inputs of the same shape."""
