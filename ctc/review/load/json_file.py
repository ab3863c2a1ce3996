"""Predictions of `ctc predict` as JSON: every event with its photos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.boxes import Box, LabelledBox
from ctc.artifacts.predictions import DECISION_COLUMNS
from ctc.errors import InputError, describe_damage
from ctc.evaluation.answers.prediction_file import json_events
from ctc.review.load.drafts import Drafts, EventDraft, text_columns

_DECIDED = (*DECISION_COLUMNS, "unknown_reason")
_PHOTO_FACTS = ("camera", "latitude", "longitude")


def read_json(path: Path, location: str) -> Drafts:
    """Read the file; `location`: the key of `meta_data` with the place of an event.

    Raises InputError if it is not as `ctc predict` writes it.
    """
    drafts = Drafts()
    for event_id, entry in json_events(path):
        try:
            _add_event(drafts, event_id, entry, location)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(
                f"event '{event_id}' is not as `ctc predict` writes it: {describe_damage(error)}"
            ) from None
    return drafts


def _add_event(drafts: Drafts, event_id: str, entry: Mapping[str, Any], location: str) -> None:
    number, event, is_new = drafts.event(event_id)
    if not is_new:
        raise InputError(f"event '{event_id}' is there twice")
    meta = entry["meta_data"]
    event.place = str(meta.get(location) or "")
    event.time = str(meta.get("datetime") or "")
    event.meta = text_columns(meta, (location, "datetime"))
    for label, values in entry["aggregated_pred"].items():
        drafts.add(drafts.of_events, number, label, tuple(values), list(values.values()))
        _add_answer(drafts, event, label, entry)
    for photo in entry["images"]:
        _add_photo(event, photo)


def _add_answer(drafts: Drafts, event: EventDraft, label: str, entry: Mapping[str, Any]) -> None:
    draft = event.label(label)
    draft.answer = str(entry["predictions_top"][label])
    draft.confidence = float(entry["confidences_top"][label])
    present = entry.get("predictions_present", {}).get(label)
    if present is not None:
        draft.present = tuple(present)
        drafts.multi_label.add(label)
    for name in _DECIDED:
        value = entry.get(name, {}).get(label)
        if value is not None:
            draft.columns[name] = tuple(value) if isinstance(value, list) else value
    if "strangeness" in entry:
        draft.columns["strangeness"] = str(entry["strangeness"])


def _add_photo(event: EventDraft, photo: Mapping[str, Any]) -> None:
    draft = event.photo(photo["path"])
    draft.taken = str(photo.get("datetime") or "")
    draft.boxes = [_box(one) for one in photo.get("boxes", ())]
    for name, value in text_columns(photo, ()).items():
        if name in _PHOTO_FACTS:
            event.meta.setdefault(name, value)


def _box(entry: Mapping[str, Any]) -> LabelledBox:
    left, top, width, height = map(float, entry["bbox"])
    box = Box(left, top, width, height, confidence=float(entry["confidence"]))
    labels = {
        label: max(values, key=values.__getitem__)
        for label, values in entry["predictions"].items()
        if values
    }
    return LabelledBox(box, entry["category"], labels)
