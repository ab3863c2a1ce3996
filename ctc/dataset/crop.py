"""The part of a photo around the animal that a detector found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctc.errors import UsageError

BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")


@dataclass(frozen=True, slots=True)
class Box:
    """MegaDetector's bounding box: left, top, width and height in shares of the upright photo's width and height, 0–1."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a photo in whole pixels."""

    top: int
    left: int
    height: int
    width: int


def check_margin(margin: float) -> None:
    """Raise UsageError for a margin that is no share of a box."""
    if not 0 <= margin <= 5:
        raise UsageError(
            f"the margin of --crop-box is {margin:g}: it must be between 0 and 5 times the box's longer side"
        )


def square_around(box: Box, height: int, width: int, margin: float) -> Region:
    """The square around `box` in a photo of `height` × `width` pixels, wider than its longer side by `margin` of that on each side. It is
    moved into the photo, and no square where the photo's shorter side is too short for it."""
    side = max(box.width * width, box.height * height) * (1 + 2 * margin)
    top, rows = _span((box.y + box.height / 2) * height, side, height)
    left, columns = _span((box.x + box.width / 2) * width, side, width)
    return Region(top, left, rows, columns)


def _span(centre: float, side: float, limit: int) -> tuple[int, int]:
    """(start, length) in whole pixels, within 0–`limit`."""
    length = min(limit, max(1, math.ceil(side)))
    start = round(centre - length / 2)
    return min(max(start, 0), limit - length), length
