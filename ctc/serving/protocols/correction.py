"""The correction of an event, for the review store of the server:

{"reviewer": "Ann", "answer": {"species": "wolf"}, "id": "north/1.jpg",
 "photos": [{"path": "north/1.jpg", "taken": "2016-09-25T18:35:10"}],
 "labels": {"species": {"fox": 0.97, "wolf": 0.03}}, "request": "c7"}
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.predictions import EventPrediction
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import (
    MAX_GUESSES,
    Guess,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    ReviewPrediction,
)
from ctc.errors import InputError, shorten
from ctc.serving.corrections import Correction
from ctc.serving.http.errors import ApiError
from ctc.serving.models.registry import LoadedModel
from ctc.serving.protocols.event_grouping import parse_probabilities, parse_timestamp
from ctc.serving.protocols.json_fields import bad_request, check_name, parse_object, require_field
from ctc.storage.json_file import json_type

MAX_PHOTOS = 1_000
"""Photos of an event."""
BODY = "the body"


def parse_correction(body: bytes, model: LoadedModel) -> Correction:
    """Parse a request; raises ApiError for a bad one."""
    document = parse_object(body)
    answer = _parse_answer(document, model)
    request = document.get("request")
    if request is not None and not isinstance(request, str):
        raise bad_request(f"'request' of {BODY} is {json_type(request)}, not a string")
    return Correction(
        check_name(require_field(document, "reviewer", str, BODY), "'reviewer'"),
        answer,
        _parse_event(document, model),
        tuple(_label(name, model, answer) for name in model.schema.labels),
        request and check_name(request, "'request'"),
    )


def _parse_answer(document: dict[str, Any], model: LoadedModel) -> Answer:
    try:
        answer = Answer.from_value(require_field(document, "answer", dict, BODY))
    except InputError as error:
        raise bad_request(f"'answer' of {BODY}: {error}") from None
    unknown = [name for name in answer.labels if name not in model.schema.labels]
    if unknown:
        raise bad_request(f"model '{model.name}' has no label '{shorten(unknown[0])}'")
    for label, names in answer.labels.items():
        if names is not None and len(names) != 1 and label not in model.schema.multi_label:
            raise bad_request(f"label '{label}' takes one class, not {len(names)}")
    return answer


def _label(name: str, model: LoadedModel, answer: Answer) -> ReviewLabel:
    """Return a label with the model's classes and those of the answer: people may name others."""
    classes = model.schema.labels[name]
    named = answer.labels.get(name) or ()
    return ReviewLabel(
        name,
        tuple(dict.fromkeys((*classes, *named))),
        classes,
        name in model.schema.multi_label,
        is_open=True,
    )


def _parse_event(document: dict[str, Any], model: LoadedModel) -> ReviewEvent:
    photos = [
        _parse_photo(photo, f"photos[{number}]")
        for number, photo in enumerate(_photos(require_field(document, "photos", list, BODY)))
    ]
    labels = require_field(document, "labels", dict, BODY)
    values = parse_probabilities(labels, BODY, model.schema.labels)
    event_id = check_name(require_field(document, "id", str, BODY), "'id'")
    predicted = EventPrediction.from_schema(model.schema, event_id, values, (), {})
    times = sorted(photo.taken for photo in photos if photo.taken)
    return ReviewEvent(
        "",
        event_id,
        0,
        tuple(photos),
        place=camera_folder(photos[0].path.rpartition("/")[0]),
        time=times[0] if times else "",
        predictions={name: _prediction(name, predicted) for name in values},
        blank=_blank(predicted),
    )


def _photos(photos: Sequence[Any]) -> Sequence[Any]:
    if not photos:
        raise bad_request(f"'photos' of {BODY} is empty: an event has photos")
    if len(photos) > MAX_PHOTOS:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(photos):,} photos in one event, more than the limit of {MAX_PHOTOS:,}",
        )
    return photos


def _parse_photo(photo: Any, where: str) -> ReviewPhoto:
    if not isinstance(photo, dict):
        raise bad_request(f"{where} is {json_type(photo)}, not an object")
    path = check_name(require_field(photo, "path", str, where), f"'path' of {where}")
    if not path:
        raise bad_request(f"'path' of {where} is empty")
    return ReviewPhoto(path, parse_timestamp(photo, where) or "")


def _prediction(label: str, event: EventPrediction) -> ReviewPrediction:
    classes, values = event.classes[label], event.probabilities[label]
    best = np.argsort(-values, kind="stable")[:MAX_GUESSES].tolist()
    is_multi_label = label in event.multi_label
    present = tuple(name for name, _ in event.present_classes(label)) if is_multi_label else None
    return ReviewPrediction(
        *event.top(label),
        tuple(Guess(classes[at], float(values[at])) for at in best if values[at] > 0),
        present,
        tuple(values.tolist()),
        doubt=None if is_multi_label else _doubt(values),
    )


def _doubt(values: NDArray[np.float32]) -> float | None:
    if len(values) < 2:
        return None
    second, first = np.sort(values)[-2:].tolist()
    return float(1 - (first - second))


def _blank(event: EventPrediction) -> float | None:
    """Return the probability that an event is empty, None if no class says so."""
    found = [
        float(event.probabilities[label][at])
        for label, classes in event.classes.items()
        for at, name in enumerate(classes)
        if observation_type(name) == "blank"
    ]
    return max(found, default=None)
