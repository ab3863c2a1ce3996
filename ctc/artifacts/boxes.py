"""Bounding boxes of a detector, as an inventory stores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat

BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
"""Inventory columns of the boxes; each holds a list with a number or null for every photo."""
BOX_CONFIDENCE = "box_conf"
"""Inventory column of the detector's confidence, a list like `BOX_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Box:
    """Bounding box in MegaDetector's format: left, top, width and height.

    All four are fractions (0–1) of the width and height of the photo after EXIF orientation.
    """

    x: float
    y: float
    width: float
    height: float


def boxes_from_columns(
    columns: Sequence[Sequence[float | None] | None], images: int
) -> tuple[Box | None, ...]:
    """Return one box per photo of an event, from the event's values of `BOX_COLUMNS`.

    A photo gets None where one of its values is missing.
    """
    if not all(columns) or not columns:
        return (None,) * images
    boxes = (Box(*sides) if None not in sides else None for sides in zip(*columns, strict=True))
    return tuple(islice(chain(boxes, repeat(None)), images))
