"""Grouping of predicted photos into events: bursts by time, as `ctc predict --events-within`.

{"within": 60, "photos": [
    {"folder": "north", "taken": "2016-09-25T18:35:10", "labels": {"species": {"fox": 0.97, …}}},
    …]}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.label_schema import LabelClasses
from ctc.artifacts.predictions import ImagePrediction, Probabilities
from ctc.images.bursts import group_bursts
from ctc.inference.classification import event_prediction
from ctc.inference.events.event import Event
from ctc.plugin import Aggregation
from ctc.serving.http.errors import ApiError
from ctc.serving.models.registry import LoadedModel
from ctc.serving.protocols.json_fields import bad_request, parse_object, require_field
from ctc.serving.protocols.responses import labels_json
from ctc.storage.json_file import json_type

Check = Callable[[], None]
MAX_GAP_SECONDS = 366 * 24 * 3600
PHOTO_KEYS = 8
"""Keys of a photo beside its classes, and colons of its time."""
PHOTO_BYTES = 1000
"""A photo with its classes has usually less; see `estimate_photos`."""


def estimate_photos(body: bytes, model: LoadedModel) -> int:
    """Return about how many photos a body holds at most, without parsing it."""
    objects_per_photo = 2 + len(model.schema.labels)
    return max(body.count(b"{") // objects_per_photo, len(body) // PHOTO_BYTES)


def aggregate_events(
    body: bytes, model: LoadedModel, aggregation: Aggregation, max_photos: int, check: Check
) -> dict[str, Any]:
    """Group the photos of a request into events.

    Each event has the positions of its photos in the request and its aggregated prediction.
    `check`: called for every photo and event, may raise. Raises ApiError for a bad request.
    """
    labels = model.schema.labels
    keys_per_photo = PHOTO_KEYS + sum(1 + len(classes) for classes in labels.values())
    document = parse_object(body, max_keys=max_photos * keys_per_photo)
    max_gap = _max_gap(document)
    photos = require_field(document, "photos", list, "the body")
    if not photos:
        return {"events": []}
    if len(photos) > max_photos:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(photos):,} photos in one request, more than the limit of {max_photos:,}",
        )
    predictions = []
    for number, photo in enumerate(photos):
        check()
        predictions.append(_parse_photo(photo, f"photos[{number}]", labels))
    times = np.array([prediction.taken for prediction in predictions], "datetime64[us]")
    events = []
    for indices in group_bursts(_folder_ids(photos), times, max_gap):
        check()
        events.append(_event_json(indices.tolist(), predictions, model, aggregation))
    return {"events": events}


def _event_json(
    indices: Sequence[int],
    predictions: Sequence[ImagePrediction],
    model: LoadedModel,
    aggregation: Aggregation,
) -> dict[str, Any]:
    photos = tuple(predictions[index] for index in indices)
    event = event_prediction(Event("", ()), photos, model.schema, aggregation)
    return {"photos": indices, "labels": labels_json(event)}


def _max_gap(document: dict[str, Any]) -> np.timedelta64:
    seconds: Any = document.get("within")
    if type(seconds) not in (int, float) or not 0 < seconds <= MAX_GAP_SECONDS:
        raise bad_request(
            f"'within' of the body is not a number of seconds between 0 and {MAX_GAP_SECONDS:,}"
        )
    return np.timedelta64(round(seconds * 1e6), "us")


def _folder_ids(photos: Sequence[dict[str, Any]]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(_camera(photo.get("folder")), len(numbers)) for photo in photos],
        np.int64,
    )


def _camera(folder: object) -> str:
    return camera_folder(str(folder).replace("\\", "/"))


def _parse_photo(photo: Any, where: str, labels: LabelClasses) -> ImagePrediction:
    if not isinstance(photo, dict):
        raise bad_request(f"{where} is {json_type(photo)}, not an object")
    return ImagePrediction(
        "",
        parse_probabilities(require_field(photo, "labels", dict, where), where, labels),
        parse_timestamp(photo, where),
    )


def parse_probabilities(given: dict[str, Any], where: str, labels: LabelClasses) -> Probabilities:
    """Return the probabilities of `labels`; raises ApiError (400) unless all are given."""
    missing = [label for label in labels if not isinstance(given.get(label), dict)]
    if missing:
        raise bad_request(
            f"'labels' of {where} has no '{missing[0]}', "
            "an object with the probability of each class"
        )
    return {
        label: _parse_class_probabilities(given[label], f"'{label}' of {where}", classes)
        for label, classes in labels.items()
    }


def _parse_class_probabilities(
    given: dict[str, Any], where: str, classes: tuple[str, ...]
) -> NDArray[np.float32]:
    values: list[Any] = [given.get(name) for name in classes]
    if not all(type(value) in (int, float) and 0 <= value <= 1 for value in values):
        raise bad_request(
            f"{where} does not give each of the model's {len(classes)} classes "
            "a probability between 0 and 1"
        )
    return np.array(values, np.float32)


def parse_timestamp(photo: dict[str, Any], where: str) -> str | None:
    """Return the time that a photo was taken, if it is given; raises ApiError (400)."""
    taken = photo.get("taken")
    if taken is None:
        return None
    try:
        return datetime.fromisoformat(taken).replace(tzinfo=None).isoformat()
    except (TypeError, ValueError):
        raise bad_request(
            f"'taken' of {where} is not a time such as '2016-09-25T18:35:10'"
        ) from None
