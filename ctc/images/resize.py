"""Resizing of photos for dataset records and for the input of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import simplejpeg

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images.decode import Pixels

LOSSLESS_SUFFIXES = frozenset({".png", ".bmp", ".tif", ".tiff", ".webp"})
LETTERBOX_GRAY = 114
"""The grey of letterbox borders, as YOLO networks are trained with."""
MAX_ASPECT = 32
"""Thinner photos are made as wide as this part of the letterbox: they would be lost where it is
made smaller, as it is for the whole view beside tiles."""


def min_decode_size(preprocessing: Preprocessing) -> tuple[int, int]:
    """Return the smallest (height, width) of a decoded photo that needs no upscaling."""
    return preprocessing.height, preprocessing.width


def to_model_input(pixels: Pixels, preprocessing: Preprocessing) -> Pixels:
    """Return the input of the network, uint8 (height, width, 3).

    The photo is stretched, or for `fit-crop` resized with its aspect ratio kept and the centre
    cropped, or for `letterbox` resized with its aspect ratio kept and put on grey.
    """
    if preprocessing.resize == "letterbox":
        return letterbox(pixels, preprocessing.height, preprocessing.width)
    if preprocessing.resize == "fit-crop":
        pixels = _center_crop(pixels, preprocessing.height / preprocessing.width)
    return resize(pixels, preprocessing.height, preprocessing.width)


def letterbox_box(
    old_height: int, old_width: int, height: int, width: int
) -> tuple[int, int, int, int]:
    """Return (top, left, height, width) in pixels of a photo letterboxed to `height` × `width`.

    Its aspect ratio is kept, up to MAX_ASPECT, and it is centred; of an odd border the smaller half
    is on top and on the left.
    """
    scale = min(height / old_height, width / old_width)
    inner_height = min(height, max(-(-height // MAX_ASPECT), round(old_height * scale)))
    inner_width = min(width, max(-(-width // MAX_ASPECT), round(old_width * scale)))
    return (
        (height - inner_height) // 2,
        (width - inner_width) // 2,
        inner_height,
        inner_width,
    )


def letterbox(pixels: Pixels, height: int, width: int) -> Pixels:
    """Return the photo on a LETTERBOX_GRAY background of `height` × `width`; see letterbox_box."""
    old_height, old_width = pixels.shape[:2]
    top, left, inner_height, inner_width = letterbox_box(old_height, old_width, height, width)
    canvas = np.full((height, width, 3), LETTERBOX_GRAY, np.uint8)
    canvas[top : top + inner_height, left : left + inner_width] = resize(
        pixels, inner_height, inner_width
    )
    return canvas


def gray_stack(photos: Sequence[Pixels]) -> Pixels:
    """Return the first three photos of an event as the R, G and B channels of one image.

    Each is converted to grey. The photos have one size and are in time order; the last one is
    repeated if there are fewer than three.
    """
    chosen = [photos[min(i, len(photos) - 1)] for i in range(3)]
    return np.stack([cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY) for photo in chosen], axis=2)


def shrink(pixels: Pixels, smallest_side: int) -> Pixels:
    """Shrink the photo so that its smaller side is `smallest_side` pixels; never enlarges it."""
    height, width = pixels.shape[:2]
    scale = smallest_side / min(height, width)
    if scale >= 1:
        return pixels
    return resize(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def resizes_by_area(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Return whether `resize` averages areas between two (height, width): if a side shrinks to less
    than half, where linear interpolation would skip pixels."""
    return old[0] > 2 * new[0] or old[1] > 2 * new[1]


def resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resize to `height` × `width` pixels: linearly, or see `resizes_by_area`."""
    old_height, old_width = pixels.shape[:2]
    if (old_height, old_width) == (height, width):
        return pixels
    by_area = resizes_by_area((old_height, old_width), (height, width))
    resized = cv2.resize(
        pixels, (width, height), interpolation=cv2.INTER_AREA if by_area else cv2.INTER_LINEAR
    )
    return np.asarray(resized, dtype=np.uint8)


def encode_jpeg(pixels: Pixels, quality: int) -> bytes:
    """Return a baseline 4:2:0 JPEG.

    Raises ImageError for sides over 65,535 pixels, which JPEG can't store.
    """
    if max(pixels.shape[:2]) > 65_535:
        raise ImageError("a side of more than 65535 pixels does not fit into a JPEG")
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels),
        quality=quality,
        colorspace="RGB",
        colorsubsampling="420",
        fastdct=True,
    )
    return encoded


def encode_lossless(pixels: Pixels, suffix: str) -> bytes:
    """Return a PNG, BMP, TIFF or WebP without loss, by the suffix of its name.

    Raises ImageError for another suffix, and for sides that the kind can't store.
    """
    if suffix.lower() not in LOSSLESS_SUFFIXES:
        raise ImageError(f"a photo can't be written as '{suffix}': convert it to JPEG")
    try:
        done, encoded = cv2.imencode(suffix.lower(), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    except cv2.error:
        done = False
    if not done:
        raise ImageError(f"{pixels.shape[1]}×{pixels.shape[0]} pixels do not fit into '{suffix}'")
    return encoded.tobytes()


def center_crop_box(height: int, width: int, aspect: float) -> tuple[int, int, int, int]:
    """Return (top, left, height, width) of the largest centred part with this height / width."""
    new_height = min(height, max(1, math.floor(width * aspect + 0.5)))
    new_width = min(width, max(1, math.floor(height / aspect + 0.5)))
    return (height - new_height) // 2, (width - new_width) // 2, new_height, new_width


def _center_crop(pixels: Pixels, aspect: float) -> Pixels:
    top, left, height, width = center_crop_box(pixels.shape[0], pixels.shape[1], aspect)
    return pixels[top : top + height, left : left + width]
