"""Bounding boxes: those that a detector finds, and the columns in which an inventory keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, repeat
from typing import Literal

BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
"""Inventory columns of the boxes; each holds a list with a number or null for every photo."""
BOX_CONFIDENCE = "box_conf"
"""Inventory column of the detector's confidence, a list like `BOX_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Box:
    """Bounding box in MegaDetector's format: left, top, width and height.

    All four are fractions (0–1) of the width and height of the photo after EXIF orientation.
    `confidence` (0–1): the detector's; None if not known.
    """

    x: float
    y: float
    width: float
    height: float
    confidence: float | None = field(default=None, kw_only=True)


CategoryType = Literal["animal", "human", "vehicle", "blank", "ignored"]
"""What a detector's category is: Camtrap DP's observation types; boxes of an ignored one are left
out."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A box that a detector found: where, with which confidence, and what."""

    box: Box
    category: str
    type: CategoryType


def boxes_from_columns(
    columns: Sequence[Sequence[float | None] | None],
    images: int,
    confidences: Sequence[float | None] | None = None,
) -> tuple[Box | None, ...]:
    """Return one box per photo of an event, from the event's values of `BOX_COLUMNS`.

    A photo gets None where one of its values is missing. `confidences`: those of BOX_CONFIDENCE.
    """
    if not all(columns) or not columns:
        return (None,) * images
    boxes = (Box(*sides) if None not in sides else None for sides in zip(*columns, strict=True))
    scored = (
        box if box is None or confidence is None else replace(box, confidence=confidence)
        for box, confidence in zip(boxes, chain(confidences or (), repeat(None)), strict=False)
    )
    return tuple(islice(chain(scored, repeat(None)), images))


def columns_from_boxes(boxes: Sequence[Box | None]) -> dict[str, tuple[float | None, ...]]:
    """Return the values of `BOX_COLUMNS`, and of BOX_CONFIDENCE if known, for an event's photos."""
    rows = [
        (None,) * len(BOX_COLUMNS) if box is None else (box.x, box.y, box.width, box.height)
        for box in boxes
    ]
    columns = dict(zip(BOX_COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    confidences = tuple(None if box is None else box.confidence for box in boxes)
    known = any(confidence is not None for confidence in confidences)
    return {**columns, BOX_CONFIDENCE: confidences} if known else columns
