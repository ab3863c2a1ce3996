"""Lossless conversion of results to JSON and back; probabilities are the bytes of their float32."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from ctc.artifacts.label_schema import LabelClasses, LabelSchema
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction, Probabilities
from ctc.errors import InputError
from ctc.inference.pipeline.pipeline import EventResult

_FLOATS = np.dtype("<f4")


def to_record(result: EventResult) -> list[Any]:
    """Return what `json.dumps` takes."""
    failures = [
        [failure.path, failure.reason, failure.of_event, failure.event_id]
        for failure in result.failures
    ]
    event = result.prediction
    if event is None:
        return [failures, None]
    photos = [
        [
            photo.path,
            _encode_probabilities(photo.probabilities),
            photo.taken,
            photo.camera,
            photo.latitude,
            photo.longitude,
        ]
        for photo in event.images
    ]
    return [
        failures,
        [event.id, _encode_probabilities(event.probabilities), dict(event.meta), photos],
    ]


def from_record(record: list[Any], schema: LabelSchema) -> EventResult:
    """Return the result that `to_record` converted; `schema` is the run's.

    Raises InputError for anything that `to_record` does not return.
    """
    try:
        return _parse_record(record, schema)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise InputError(f"which is not a result: {error}") from None


def _parse_record(record: list[Any], schema: LabelSchema) -> EventResult:
    failures = tuple(_parse_failure(*values) for values in record[0])
    if record[1] is None:
        return EventResult(failures, None)
    event_id, encoded, meta, photos = record[1]
    labels = schema.labels
    images = tuple(
        ImagePrediction(path, _decode_probabilities(values, labels), *_parse_exif(*exif))
        for path, values, *exif in photos
    )
    combined = _decode_probabilities(encoded, labels)
    event = EventPrediction.from_schema(schema, event_id, combined, images, meta)
    return EventResult(failures, event)


def _parse_failure(path: Any, reason: Any, of_event: Any, event_id: Any = "") -> Failure:
    texts = all(isinstance(value, str) for value in (path, reason, event_id))
    if not (texts and isinstance(of_event, bool)):
        raise ValueError("not a failure")
    return Failure(path, reason, of_event, event_id)


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
