"""Lossless conversion of results to JSON and back; probabilities are the bytes of their float32."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from ctc.artifacts.boxes import Box
from ctc.artifacts.label_schema import LabelClasses, LabelSchema
from ctc.artifacts.predictions import (
    EventPrediction,
    Failure,
    ImagePrediction,
    Meta,
    Probabilities,
)
from ctc.errors import InputError
from ctc.inference.pipeline.pipeline import EventResult

_FLOATS = np.dtype("<f4")


def to_record(result: EventResult) -> list[Any]:
    """Return what `json.dumps` takes."""
    event = result.prediction
    shared = event.meta if event else {}
    failures = [
        [
            failure.path,
            failure.reason,
            failure.of_event,
            failure.event_id,
            *_without_end([_own_meta(failure.meta, shared)]),
        ]
        for failure in result.failures
    ]
    if event is None:
        return [failures, None]
    photos = [_photo_to_list(photo, shared) for photo in event.images]
    return [
        failures,
        [event.id, _encode_probabilities(event.probabilities), dict(event.meta), photos],
    ]


def _photo_to_list(photo: ImagePrediction, shared: Meta) -> list[Any]:
    box = photo.box
    extras = [
        photo.size,
        box and [box.x, box.y, box.width, box.height, box.confidence],
        _own_meta(photo.meta, shared),
    ]
    return [
        photo.path,
        _encode_probabilities(photo.probabilities),
        photo.taken,
        photo.camera,
        photo.latitude,
        photo.longitude,
        *_without_end(extras),
    ]


def _without_end(values: list[Any]) -> list[Any]:
    """Return the values without those at the end that are None."""
    while values and values[-1] is None:
        values = values[:-1]
    return values


def _own_meta(meta: Meta, shared: Meta) -> dict[str, Any] | None:
    """Return the values of a photo, or None if they are those of its event."""
    return None if meta is shared or meta == shared else dict(meta)


def from_record(record: list[Any], schema: LabelSchema) -> EventResult:
    """Return the result that `to_record` converted; `schema` is the run's.

    Raises InputError for anything that `to_record` does not return.
    """
    try:
        return _parse_record(record, schema)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise InputError(f"which is not a result: {error}") from None


def _parse_record(record: list[Any], schema: LabelSchema) -> EventResult:
    if record[1] is None:
        return EventResult(tuple(_parse_failure({}, *values) for values in record[0]), None)
    event_id, encoded, meta, photos = record[1]
    failures = tuple(_parse_failure(meta, *values) for values in record[0])
    labels = schema.labels
    images = tuple(
        ImagePrediction(
            path,
            _decode_probabilities(values, labels),
            *_parse_exif(*others[:4]),
            **_parse_extras(meta, *others[4:]),
        )
        for path, values, *others in photos
    )
    combined = _decode_probabilities(encoded, labels)
    event = EventPrediction.from_schema(schema, event_id, combined, images, meta)
    return EventResult(failures, event)


def _parse_failure(
    shared: Meta, path: Any, reason: Any, of_event: Any, event_id: Any = "", meta: Any = None
) -> Failure:
    texts = all(isinstance(value, str) for value in (path, reason, event_id))
    if not (texts and isinstance(of_event, bool) and isinstance(meta, dict | None)):
        raise ValueError("not a failure")
    return Failure(path, reason, of_event, event_id, meta=shared if meta is None else meta)


def _parse_extras(
    shared: Meta, size: Any = None, box: Any = None, meta: Any = None
) -> dict[str, Any]:
    """Return the fields of a photo that older journals don't have."""
    if size is not None:
        height, width = map(int, size)
        size = height, width
    if box is not None:
        *sides, confidence = box
        box = Box(*map(float, sides), confidence=confidence)
    if not isinstance(meta, dict | None):
        raise ValueError("not the values of a photo's row")
    return {"size": size, "box": box, "meta": shared if meta is None else meta}


def _parse_exif(taken: Any, camera: Any, latitude: Any, longitude: Any) -> tuple[Any, ...]:
    texts = all(value is None or isinstance(value, str) for value in (taken, camera))
    if not texts or not all(
        value is None or math.isfinite(float(value)) for value in (latitude, longitude)
    ):
        raise ValueError("not the time, camera and place of a photo")
    return taken, camera, latitude, longitude


def _encode_probabilities(probabilities: Probabilities) -> str:
    parts = [np.ascontiguousarray(values, _FLOATS) for values in probabilities.values()]
    return base64.b64encode(b"".join(part.tobytes() for part in parts)).decode()


def _decode_probabilities(encoded: str, labels: LabelClasses) -> Probabilities:
    values = np.frombuffer(base64.b64decode(encoded), _FLOATS).astype(np.float32)
    if len(values) != sum(map(len, labels.values())) or not np.isfinite(values).all():
        raise ValueError("not one number per class")
    ends = np.cumsum([len(classes) for classes in labels.values()])
    return dict(zip(labels, np.split(values, ends[:-1]), strict=True))
