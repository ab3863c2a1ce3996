"""Pictures of how much each part of a photo counts for an answer."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.split_images import Pixels

OPACITY = 0.6
SMOOTHING = 1 / 32
"""Of the shorter side."""

SaliencyFn = Callable[[Pixels, str, int], NDArray[np.float32]]
"""For a picture (height, width, 3), a label and the number of one of its classes: how much each
pixel counts for that class, float32 (height, width); 0 or less: not at all, or against it."""


def overlay_heatmap(image: Pixels, heatmap: NDArray[np.float32]) -> Pixels:
    """The picture in grey, coloured by how much its parts count: nothing dark violet, most yellow
    (inferno, safe for the colour-blind)."""
    strength = np.clip(heatmap, 0, None)
    strength = cv2.GaussianBlur(strength, (0, 0), max(1.0, SMOOTHING * min(image.shape[:2])))
    scaled = (255 * strength / max(float(strength.max()), 1e-6)).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(colours, OPACITY, grey, 1 - OPACITY, 0), np.uint8)
