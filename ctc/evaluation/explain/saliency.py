"""Saliency functions, and their overlay on a photo."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.images.decode import Pixels

OPACITY = 0.6
SMOOTHING = 1 / 32
"""Standard deviation of the blur, as a share of the shorter side."""

SaliencyFn = Callable[[Pixels, str, int], NDArray[np.float32]]
"""Maps an image uint8 (height, width, 3), a label and a class number to a heat map.

The heat map is float32 (height, width): the larger, the more a pixel supports the class; 0 or less
for no support."""


def overlay_heatmap(image: Pixels, heatmap: NDArray[np.float32]) -> Pixels:
    """Colour a grey version of the image by the heat map, from dark violet to yellow.

    The colour map is inferno, which is safe for colour-blind readers. Negative values count as 0.
    """
    strength = np.clip(heatmap, 0, None)
    strength = cv2.GaussianBlur(strength, (0, 0), max(1.0, SMOOTHING * min(image.shape[:2])))
    scaled = (255 * strength / max(float(strength.max()), 1e-6)).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(colours, OPACITY, grey, 1 - OPACITY, 0), np.uint8)
