"""Conversion of decoded photos of any mode to RGB pixels, strip by strip to save memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]

STRIP_PIXELS = 1 << 22
_HIGH_BIT_DEPTH = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}


def bytes_per_pixel(image: Image.Image) -> int:
    """Return how many bytes per pixel `to_rgb` needs: for the photo in its mode, and as RGB."""
    return _BYTES_PER_PIXEL.get(image.mode, 4) + 3


def to_rgb(image: Image.Image) -> Pixels:
    """Convert a loaded image to RGB: high bit depths are rescaled, alpha is put on white.

    16-bit values span 0–65535; floats 0–1, or 0 to their maximum if that is larger.
    """
    rows = max(1, STRIP_PIXELS // image.width)
    top = _top(image, rows)
    if image.height <= rows:
        return _convert(image, top)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for start in range(0, image.height, rows):
        strip = _strip(image, start, rows)
        pixels[start : start + rows] = _convert(strip, top)
    return pixels


def _strip(image: Image.Image, start: int, rows: int) -> Image.Image:
    return image.crop((0, start, image.width, min(start + rows, image.height)))


def _top(image: Image.Image, rows: int) -> float:
    """Return the value of white in an image of high bit depth."""
    if image.mode != "F":
        return 65535.0
    strips = (_strip(image, start, rows) for start in range(0, image.height, rows))
    return max(1.0, *(float(np.nan_to_num(_deep_values(strip)).max()) for strip in strips))


def _convert(image: Image.Image, top: float) -> Pixels:
    if image.mode in _HIGH_BIT_DEPTH:
        deep = _deep_values(image)
        values = np.nan_to_num(deep) if image.mode == "F" else deep
        grey = np.clip(values * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        from PIL import Image

        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, rgba)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _deep_values(image: Image.Image) -> NDArray[Any]:
    return np.asarray(image).astype(np.float64)
