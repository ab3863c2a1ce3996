"""Predictions as one JSON object, one event per line, with the predictions of its photos.

The keys are those of camera-trap-classifier 2.x:

    {"1": {"predictions_top": {"species": "cat"}, "confidences_top": {"species": 0.535},
           "aggregated_pred": {"species": {"cat": 0.535, "dog": 0.465}},
           "images": [{"path": "a.jpg",
                       "predictions": {"species": {"cat": 0.535, "dog": 0.465}}}],
           "meta_data": {}}}

A model with multi-label labels adds `"predictions_present": {"species": ["cat", "dog"]}`, the
classes that are present, most probable first. Probabilities are numbers of six significant digits,
those of the top classes of four decimals.
A model that tells what is unlike anything learnt adds `"strangeness": 12.3` to events and photos,
and `"unknown_reason": {"species": "unlike anything learnt"}` to events with an unknown class.
Decisions add their columns, such as `"rank": {"species": "family"}`.
A photo of a run with a detector has `"boxes"`, the surest first: `{"category": "animal",
"confidence": 0.93, "bbox": [left, top, width, height], "predictions": …}`, `bbox` as fractions.
A photo for which they are known also has the keys `datetime`, `camera`, `latitude` and `longitude`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ctc.artifacts.cameras.clock_offsets import DATETIME_ORIGINAL
from ctc.artifacts.predictions import (
    ColumnValue,
    EventPrediction,
    Failure,
    ImagePrediction,
    Probabilities,
)
from ctc.plugin import OutputContext, OutputFormat, hookimpl

from .photo_fields import exif_fields
from .rows import DIGITS, MAX_CLASSES, most_likely
from .time_zone import TIME_ZONE, with_zone


@hookimpl
def ctc_output_formats() -> list[OutputFormat]:
    summary = "one object with every event and its photos"
    return [OutputFormat("json", summary, (".json",), write, options=(MAX_CLASSES, TIME_ZONE))]


def write(entries: Iterator[EventPrediction | Failure], path: Path, context: OutputContext) -> None:
    """Write the events as they come; their ids must differ."""
    limit = context.options.get(MAX_CLASSES.key)
    entries = with_zone(entries, context)
    # backslashreplace: what is not Unicode in a file name becomes a JSON escape
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write("{")
        events = (entry for entry in entries if isinstance(entry, EventPrediction))
        for number, event in enumerate(events):
            entry = json.dumps(event_to_dict(event, limit), ensure_ascii=False, allow_nan=False)
            file.write(
                f"{',' if number else ''}\n{json.dumps(event.id, ensure_ascii=False)}: {entry}"
            )
        file.write("\n}\n")


def event_to_dict(event: EventPrediction, max_classes: int | None = None) -> dict[str, Any]:
    """Return the JSON value of one event, with all or the most likely classes."""
    tops = {label: event.top(label) for label in event.classes}
    return {
        "predictions_top": {label: name for label, (name, _) in tops.items()},
        "confidences_top": {label: round(value, 4) for label, (_, value) in tops.items()},
        **_present_classes(event),
        **_strangers(event),
        **_decided(event),
        "aggregated_pred": _probabilities_by_class(event.classes, event.probabilities, max_classes),
        "images": [_photo_to_dict(event, photo, max_classes) for photo in event.images],
        "meta_data": dict(event.meta),
    }


def _present_classes(event: EventPrediction) -> dict[str, Any]:
    found = {
        label: [name for name, _ in event.present_classes(label)] for label in event.multi_label
    }
    return {"predictions_present": found} if found else {}


def _strangers(event: EventPrediction) -> dict[str, Any]:
    if event.strangeness is None:
        return {}
    reasons = {label: why for label in event.classes if (why := event.unknown_reason(label))}
    found = {"unknown_reason": reasons} if reasons else {}
    return {"strangeness": round(event.strangeness, 1), **found}


def _decided(event: EventPrediction) -> dict[str, Any]:
    """Return the columns of decisions, with the values by label."""
    found: dict[str, dict[str, ColumnValue]] = {}
    for label, columns in event.columns.items():
        for name, value in columns.items():
            found.setdefault(name, {})[label] = value
    return found


def _photo_to_dict(
    event: EventPrediction, photo: ImagePrediction, max_classes: int | None
) -> dict[str, Any]:
    known = {name: value for name, value in exif_fields(photo).items() if value is not None}
    return {
        "path": photo.path,
        "predictions": _probabilities_by_class(event.classes, photo.probabilities, max_classes),
        **({} if photo.strangeness is None else {"strangeness": round(photo.strangeness, 1)}),
        **_boxes(event, photo, max_classes),
        **known,
        **_original_time(photo),
    }


def _original_time(photo: ImagePrediction) -> dict[str, Any]:
    """Return the time of the camera's own clock, if `datetime` is a corrected one."""
    shown = photo.meta.get(DATETIME_ORIGINAL)
    return {} if shown is None else {DATETIME_ORIGINAL: shown}


def _boxes(
    event: EventPrediction, photo: ImagePrediction, max_classes: int | None
) -> dict[str, Any]:
    if photo.boxes is None:
        return {}
    boxes = []
    for one in photo.boxes:
        box, probabilities = one.detection.box, one.probabilities
        boxes.append(
            {
                "category": one.detection.category,
                "confidence": round(box.confidence or 0.0, 5),
                "bbox": [round(side, 5) for side in (box.x, box.y, box.width, box.height)],
                "predictions": _probabilities_by_class(event.classes, probabilities, max_classes),
            }
        )
    return {"boxes": boxes}


def _probabilities_by_class(
    classes: Mapping[str, tuple[str, ...]], probabilities: Probabilities, max_classes: int | None
) -> dict[str, dict[str, float]]:
    return {
        label: {
            name: float(f"{value:.{DIGITS}g}")
            for name, value in most_likely(names, probabilities[label], max_classes).items()
        }
        for label, names in classes.items()
    }
