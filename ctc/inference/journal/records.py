"""Lossless conversion of results to JSON and back.

The answers themselves are converted by the task's `AnswerCodec`; all else is the same for every
task:

    [failures, null]                                        no photo could be used
    [failures, [event id, answer, meta, photos]]
    a photo: [path, answer, taken, camera, latitude, longitude, size, box, meta]

With `--update` the contents of the photos follow, and a 1 if the answer was taken over:

    [[], [event id, answer, meta, photos], [[digest, size, modified, changed], …], 1]
"""

from __future__ import annotations

import math
from typing import Any

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import Failure, Meta
from ctc.errors import InputError
from ctc.inference.task import (
    AnswerCodec,
    EventT,
    PhotoContent,
    PhotoInfo,
    PhotoResult,
    PhotoT,
    TaskResult,
)


def to_record(result: TaskResult[EventT], codec: AnswerCodec[Any, EventT]) -> list[Any]:
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
    photos = [_photo_to_list(photo, codec.photo_to_json(photo), shared) for photo in event.images]
    answer = [event.id, codec.event_to_json(event), dict(event.meta), photos]
    contents = [[*one] for one in result.contents] or None
    return [failures, answer, *_without_end([contents, int(result.is_taken_over) or None])]


def _photo_to_list(photo: PhotoResult, answer: Any, shared: Meta) -> list[Any]:
    box = photo.box
    extras = [
        photo.size,
        box and [box.x, box.y, box.width, box.height, box.confidence],
        _own_meta(photo.meta, shared),
    ]
    return [
        photo.path,
        answer,
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


def from_record(record: list[Any], codec: AnswerCodec[PhotoT, EventT]) -> TaskResult[EventT]:
    """Return the result that `to_record` converted; `codec` is the run's.

    Raises InputError for anything that `to_record` does not return.
    """
    try:
        return _parse_record(record, codec)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise InputError(f"which is not a result: {error}") from None


def _parse_record(record: list[Any], codec: AnswerCodec[PhotoT, EventT]) -> TaskResult[EventT]:
    if record[1] is None:
        return TaskResult(tuple(_parse_failure({}, *values) for values in record[0]), None)
    event_id, encoded, meta, photos = record[1]
    failures = tuple(_parse_failure(meta, *values) for values in record[0])
    images = tuple(
        codec.photo_from_json(
            answer,
            PhotoInfo(path, *_parse_exif(*others[:4]), **_parse_extras(meta, *others[4:])),
        )
        for path, answer, *others in photos
    )
    contents, taken_over = [*record[2:], None, None][:2]
    return TaskResult(
        failures,
        codec.event_from_json(encoded, event_id, meta, images),
        tuple(map(_parse_content, contents or ())),
        bool(taken_over),
    )


def _parse_content(value: Any) -> PhotoContent:
    digest, *numbers = value
    return PhotoContent(str(digest), *map(int, numbers))


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
