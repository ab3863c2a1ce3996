"""Prediction tables, CSV and Parquet: rows of events, photos or boxes, in any order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.predictions import HUMAN, METHOD, UNKNOWN
from ctc.evaluation.answers.prediction_file import PredictionRow, prediction_rows
from ctc.images.clips.names import file_of, is_clip_path
from ctc.images.files import is_image_name
from ctc.tagging.records import Answer, Finding

_TOP, _CONFIDENCE, _LINEAGE = "prediction_top", "confidence_top", "lineage"
_CATEGORY = "box_category"
_BOX = ("box_x", "box_y", "box_width", "box_height", "box_confidence")


def read_table(path: Path) -> Iterator[Finding]:
    """Yield what the rows say of photos.

    A row of an event whose id is no photo names the event alone. Raises CtcError if the file
    can't be read as predictions.
    """
    for row in prediction_rows(path):
        photo = row.path or (row.id if _is_photo(row.id) else "")
        box = _box(row)
        event = "" if photo else row.id
        yield Finding(photo, tuple(_answers(row)), () if box is None else (box,), event)


def lineage_names(text: Any) -> tuple[str, ...]:
    """Return the names that a column `lineage` has, from the kingdom down."""
    return tuple(filter(None, str(text or "").split(";")))


def _is_photo(event_id: str) -> bool:
    name = file_of(event_id).replace("\\", "/").rpartition("/")[2]
    return is_image_name(name) or is_clip_path(name)


def _answers(row: PredictionRow) -> Iterator[Answer]:
    by_person = row.meta.get(METHOD) == HUMAN
    top = str(row.meta.get(_TOP) or "")
    lineage = lineage_names(row.meta.get(_LINEAGE))
    if not row.present:
        confidence = _number(row.meta.get(_CONFIDENCE)) or 0.0
        yield Answer(row.label, top or UNKNOWN, confidence, lineage, by_person)
        return
    named = dict(zip(row.classes, row.values, strict=True))
    for name in row.present:
        own = lineage if name == top else ()
        yield Answer(row.label, name, float(named.get(name, 1.0)), own, by_person)


def _box(row: PredictionRow) -> LabelledBox | None:
    meta: Mapping[str, Any] = row.meta
    left, top, width, height, confidence = (_number(meta.get(name)) for name in _BOX)
    if left is None or top is None or width is None or height is None:
        return None
    box = Box(left, top, width, height, confidence=confidence)
    name = str(meta.get(_TOP) or "")
    labels = {} if name in ("", UNKNOWN) else {row.label: name}
    return LabelledBox(box, str(meta.get(_CATEGORY) or "") or None, labels)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
