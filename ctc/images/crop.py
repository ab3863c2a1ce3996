"""Cropping of a photo to the animal that a detector found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ctc.artifacts.boxes import Box
from ctc.errors import UsageError
from ctc.images.decode import DecodeBuffer, Pixels, decode, oriented_size
from ctc.images.metadata.photo_header import PhotoHeader


@dataclass(frozen=True, slots=True)
class Region:
    """Rectangle in a photo, in whole pixels."""

    top: int
    left: int
    height: int
    width: int


def crop_to_box(
    data: bytes,
    box: Box,
    margin: float,
    min_side: int,
    truncated: Literal["fail", "use"] = "fail",
    buffer: DecodeBuffer | None = None,
    header: PhotoHeader | None = None,
) -> Pixels:
    """Return the square around the box, decoded at a sufficient scale.

    The scale is the smallest of `decode` at which the shorter side of the square has `min_side`
    pixels. `header`: see `decode`. Raises as `decode` does.
    """
    height, width, _ = oriented_size(data, header)
    region = square_around(box, height, width, margin)
    enough = min_side / min(region.height, region.width)
    at_least = (round(height * min(1, enough)), round(width * min(1, enough)))
    pixels = decode(data, at_least, truncated, buffer, header)
    scaled = square_around(box, pixels.shape[0], pixels.shape[1], margin)
    return pixels[scaled.top : scaled.top + scaled.height, scaled.left : scaled.left + scaled.width]


def check_margin(margin: float) -> None:
    """Raise UsageError if the margin is not between 0 and 5."""
    if not 0 <= margin <= 5:
        raise UsageError(
            f"the margin of --crop-box is {margin:g}: "
            "it must be between 0 and 5 times the box's longer side"
        )


def square_around(box: Box, height: int, width: int, margin: float) -> Region:
    """Return the square around `box` in a photo of `height` × `width` pixels.

    Its side is the longer side of the box, extended by `margin` times that on each side. It is
    moved to lie in the photo; where the photo's shorter side is too short, it is not square.
    """
    side = max(box.width * width, box.height * height) * (1 + 2 * margin)
    top, rows = _span((box.y + box.height / 2) * height, side, height)
    left, columns = _span((box.x + box.width / 2) * width, side, width)
    return Region(top, left, rows, columns)


def _span(centre: float, side: float, limit: int) -> tuple[int, int]:
    """Return (start, length) in whole pixels, within 0–`limit`."""
    length = min(limit, max(1, math.ceil(side)))
    start = round(centre - length / 2)
    return min(max(start, 0), limit - length), length
