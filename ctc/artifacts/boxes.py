"""Bounding boxes: those that a detector finds, and the columns in which an inventory keeps them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, repeat
from typing import Any, Literal

from ctc.errors import InputError

BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
"""Inventory columns of the boxes; each holds a list with a number or null for every photo."""
BOX_CONFIDENCE = "box_conf"
"""Inventory column of the detector's confidence, a list like `BOX_COLUMNS`."""
DETECTIONS = "detections"
"""Inventory column of all boxes: a text per photo, see `detections_to_json`, null for none."""
DIGITS = 6
"""Decimals of the numbers of a box in `DETECTIONS`."""


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
    """A box that a detector found: where, with which confidence, and what.

    `is_repeat`: whether it is set aside, at a place of a list of repeats; see `RepeatList`.
    """

    box: Box
    category: str
    type: CategoryType
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box of an inventory: where, the detector's category, and its own class of some labels."""

    box: Box
    category: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def detections_to_json(boxes: Sequence[LabelledBox]) -> str | None:
    """Return all boxes of a photo as JSON, None for none.

    A list of objects like those of MegaDetector: `bbox` (left, top, width, height as fractions),
    `category`, `conf` and `labels`, each only if it is known.
    """
    entries = []
    for one in boxes:
        entry: dict[str, Any] = {"bbox": [round(side, DIGITS) for side in _sides(one.box)]}
        if one.category is not None:
            entry["category"] = one.category
        if one.box.confidence is not None:
            entry["conf"] = round(one.box.confidence, DIGITS)
        if one.labels:
            entry["labels"] = dict(one.labels)
        entries.append(entry)
    return json.dumps(entries, ensure_ascii=False) if entries else None


def detections_from_json(text: str | None) -> tuple[LabelledBox, ...]:
    """Return the boxes that `detections_to_json` wrote; raises InputError for anything else."""
    if text is None:
        return ()
    try:
        return tuple(_labelled_box(entry) for entry in json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise InputError(f"the column '{DETECTIONS}' holds {text[:60]!r}, not boxes") from None


def _labelled_box(entry: Mapping[str, Any]) -> LabelledBox:
    left, top, width, height = map(float, entry["bbox"])
    confidence = entry.get("conf")
    category = entry.get("category")
    box = Box(
        left, top, width, height, confidence=None if confidence is None else float(confidence)
    )
    if not all(math.isfinite(side) for side in _sides(box)) or min(width, height) <= 0:
        raise ValueError
    labels = {str(label): str(name) for label, name in entry.get("labels", {}).items()}
    return LabelledBox(box, None if category is None else str(category), labels)


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height


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
