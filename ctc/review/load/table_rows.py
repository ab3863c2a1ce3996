"""Prediction tables, CSV and Parquet: a row per event, photo or box, and label."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.predictions import DECISION_COLUMNS, UNKNOWN, ColumnValue
from ctc.errors import InputError
from ctc.evaluation.answers.prediction_file import PredictionRow, prediction_rows
from ctc.images.files import is_image_name
from ctc.review.load.drafts import Drafts, EventDraft, text_columns

TOP, CONFIDENCE, TIME = "prediction_top", "confidence_top", "datetime"
_BOX = ("box_category", "box_confidence", "box_x", "box_y", "box_width", "box_height")
_DECIDED = (*DECISION_COLUMNS, "unknown_reason", "strangeness")
_NOT_META = frozenset(
    (
        *("id", "label", TOP, CONFIDENCE, "predictions_all", "predictions_present", "path", TIME),
        *(*_BOX, *_DECIDED),
    )
)
_TRUE, _FALSE = ("true", "True", "1"), ("false", "False", "0")


def read_table(path: Path, location: str) -> Drafts:
    """Read a table of `ctc predict`; `location`: the column with the place of an event.

    Raises CtcError if it can't be read as predictions.
    """
    drafts = Drafts()
    for row in prediction_rows(path):
        _add_row(drafts, row, location)
    return drafts


def _add_row(drafts: Drafts, row: PredictionRow, location: str) -> None:
    number, event, is_new = drafts.event(row.id)
    if is_new:
        event.place = _text(row.meta.get(location))
        event.time = _text(row.meta.get(TIME))
        event.meta = text_columns(row.meta, (*_NOT_META, location))
    if row.present is not None:
        drafts.multi_label.add(row.label)
    if row.path is None:
        drafts.add(drafts.of_events, number, row.label, row.classes, row.values)
        _add_event_answer(event, row)
        return
    box = tuple(row.meta.get(name) for name in _BOX)
    unit, is_first = drafts.unit(number, row.path, *box)
    drafts.add(drafts.of_units, unit, row.label, row.classes, row.values)
    _add_photo(event, row, is_first)


def _add_event_answer(event: EventDraft, row: PredictionRow) -> None:
    draft = event.label(row.label)
    draft.answer = _text(row.meta.get(TOP))
    draft.confidence = _number(row.meta.get(CONFIDENCE)) or 0.0
    draft.present = None if row.present is None else tuple(row.present)
    draft.columns = _decided(row.meta)
    if not event.photos and is_image_name(row.id.rpartition("/")[2].partition("#t=")[0]):
        event.photo(row.id).taken = event.time


def _add_photo(event: EventDraft, row: PredictionRow, is_first: bool) -> None:
    """Add what the row of a photo or box says; `is_first`: it is the first of that unit."""
    label, top = event.label(row.label), _text(row.meta.get(TOP))
    label.photo_answers.add(top)
    label.columns = label.columns or _decided(row.meta)
    photo = event.photo(str(row.path))
    photo.taken = _text(row.meta.get(TIME))
    box = _box(row.meta)
    if box is None:
        return
    labels = {} if top in ("", UNKNOWN) else {row.label: top}
    if is_first:
        photo.boxes.append(LabelledBox(box, _text(row.meta.get(_BOX[0])) or None, labels))
    else:
        place = next(at for at, one in enumerate(photo.boxes) if one.box == box)
        known = photo.boxes[place]
        photo.boxes[place] = LabelledBox(box, known.category, {**known.labels, **labels})


def _box(meta: Mapping[str, Any]) -> Box | None:
    if meta.get(_BOX[2]) in (None, ""):
        return None
    confidence, *sides = (_number(meta.get(name)) for name in _BOX[1:])
    if None in sides:
        return None
    left, top, width, height = (side or 0.0 for side in sides)
    return Box(left, top, width, height, confidence=confidence)


def _decided(meta: Mapping[str, Any]) -> dict[str, ColumnValue]:
    found: dict[str, ColumnValue] = {}
    for name in _DECIDED:
        value = meta.get(name)
        if value is not None and value != "":
            found[name] = _decided_value(name, value)
    return found


def _decided_value(name: str, value: Any) -> ColumnValue:
    kind = DECISION_COLUMNS.get(name, str)
    if kind is tuple and isinstance(value, str):
        return _names(name, value)
    if kind is tuple:
        return tuple(map(str, value))
    if kind is bool and isinstance(value, str) and value in (*_TRUE, *_FALSE):
        return value in _TRUE
    return bool(value) if kind is bool else str(value)


def _names(column: str, text: str) -> tuple[str, ...]:
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list):
        raise InputError(f"the column '{column}' has '{text[:60]}', not a JSON list of classes")
    return tuple(map(str, names))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
