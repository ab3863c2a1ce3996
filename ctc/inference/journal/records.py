"""Lossless conversion of results to JSON and back; probabilities are the bytes of their float32."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from ctc.artifacts.label_schema import LabelClasses, LabelSchema
from ctc.artifacts.predictions import EventPrediction, Failure, ImagePrediction, Probabilities
from ctc.inference.pipeline.pipeline import EventResult

_FLOATS = np.dtype("<f4")


def to_record(result: EventResult) -> list[Any]:
    """Return what `json.dumps` takes."""
    failures = [[failure.path, failure.reason, failure.of_event] for failure in result.failures]
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
    """Return the result that `to_record` converted; `schema` is the run's."""
    failures = tuple(Failure(*values) for values in record[0])
    if record[1] is None:
        return EventResult(failures, None)
    event_id, encoded, meta, photos = record[1]
    labels = schema.labels
    images = tuple(
        ImagePrediction(path, _decode_probabilities(values, labels), *exif)
        for path, values, *exif in photos
    )
    combined = _decode_probabilities(encoded, labels)
    event = EventPrediction.from_schema(schema, event_id, combined, images, meta)
    return EventResult(failures, event)


def _encode_probabilities(probabilities: Probabilities) -> str:
    parts = [np.ascontiguousarray(values, _FLOATS) for values in probabilities.values()]
    return base64.b64encode(b"".join(part.tobytes() for part in parts)).decode()


def _decode_probabilities(encoded: str, labels: LabelClasses) -> Probabilities:
    values = np.frombuffer(base64.b64decode(encoded), _FLOATS).astype(np.float32)
    ends = np.cumsum([len(classes) for classes in labels.values()])
    return dict(zip(labels, np.split(values, ends[:-1]), strict=True))
