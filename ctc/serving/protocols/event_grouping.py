"""From answers per photo to events: bursts by the time that cameras wrote, as `ctc predict --events-within` finds them.

{"within": 60, "photos": [{"folder": "north", "taken": "2016-09-25T18:35:10", "labels": {"species": {"fox": 0.97, …}, …}}, …]}
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import ImagePrediction, Probabilities
from ctc.images.bursts import bursts
from ctc.inference.events.event import Event
from ctc.inference.pipeline.pipeline import event_prediction
from ctc.inference.postprocess import Classes
from ctc.plugin import Aggregation
from ctc.serving.http.errors import TOO_LARGE, RequestError
from ctc.serving.models.registry import Served
from ctc.serving.protocols.json_fields import bad, field, kind, read_object
from ctc.serving.protocols.responses import labels_of

LONGEST = 366 * 24 * 3600
MOST_PHOTOS = 100_000


def events_of(body: bytes, served: Served, aggregation: Aggregation) -> dict[str, Any]:
    """The events, each with where its photos stand in the request and what the model says of it. Raises RequestError."""
    document = read_object(body)
    within = _seconds(document)
    photos = field(document, "photos", list, "the body")
    if not photos:
        return {"events": []}
    if len(photos) > MOST_PHOTOS:
        raise RequestError(
            TOO_LARGE, f"{len(photos):,} photos, more than the {MOST_PHOTOS:,} that are grouped at a time"
        )
    shown = [_photo(photo, f"photos[{number}]", served.reading.labels) for number, photo in enumerate(photos)]
    found = bursts(_folders(photos), np.array([one.taken for one in shown], "datetime64[us]"), within)
    return {"events": [_event(places.tolist(), shown, served, aggregation) for places in found]}


def _event(
    places: Sequence[int], shown: Sequence[ImagePrediction], served: Served, aggregation: Aggregation
) -> dict[str, Any]:
    photos = tuple(shown[place] for place in places)
    event = event_prediction(Event("", ()), photos, served.reading, aggregation)
    return {"photos": places, "labels": labels_of(event)}


def _seconds(document: dict[str, Any]) -> np.timedelta64:
    within: Any = document.get("within")
    if type(within) not in (int, float) or not 0 < within <= LONGEST:
        raise bad(f"'within' of the body is not a number of seconds between 0 and {LONGEST:,}")
    return np.timedelta64(round(within * 1e6), "us")


def _folders(photos: Sequence[dict[str, Any]]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(str(photo.get("folder")), len(numbers)) for photo in photos], np.int64)


def _photo(photo: Any, where: str, labels: Classes) -> ImagePrediction:
    if not isinstance(photo, dict):
        raise bad(f"{where} is {kind(photo)}, not an object")
    return ImagePrediction("", _probabilities(field(photo, "labels", dict, where), where, labels), _taken(photo, where))


def _probabilities(found: dict[str, Any], where: str, labels: Classes) -> Probabilities:
    missing = [label for label in labels if not isinstance(found.get(label), dict)]
    if missing:
        raise bad(f"'labels' of {where} has no '{missing[0]}', an object with the probability of each class")
    return {label: _values(found[label], f"'{label}' of {where}", classes) for label, classes in labels.items()}


def _values(found: dict[str, Any], where: str, classes: tuple[str, ...]) -> NDArray[np.float32]:
    values: list[Any] = [found.get(name) for name in classes]
    if not all(type(value) in (int, float) and 0 <= value <= 1 for value in values):
        raise bad(f"{where} does not give each of the model's {len(classes)} classes a probability between 0 and 1")
    return np.array(values, np.float32)


def _taken(photo: dict[str, Any], where: str) -> str | None:
    taken = photo.get("taken")
    if taken is None:
        return None
    try:
        return datetime.fromisoformat(taken).replace(tzinfo=None).isoformat()
    except (TypeError, ValueError):
        raise bad(f"'taken' of {where} is not a time such as '2016-09-25T18:35:10'") from None
