"""Surveys of review stores: a person's answer where there is one, the model's elsewhere."""

from __future__ import annotations

from pathlib import Path

from ctc.artifacts.predictions import UNKNOWN
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel
from ctc.artifacts.review.store import ReviewStore
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.inventory import COUNT, parse_degrees, parse_whole
from ctc.ecology.readers.labelled import LabelledEvent, to_survey
from ctc.ecology.survey import MODEL, Survey
from ctc.errors import InputError, UsageError, did_you_mean


def read_review_survey(path: Path, config: SummaryConfig) -> Survey:
    """Read the events of a review store. What a person answered is taken as certain.

    Raises CtcError if it can't be read, or has no locations or no such label.
    """
    with ReviewStore.open(path, read_only=True) as store:
        labels = {label.name: label for label in store.labels()}
        if not labels:
            raise InputError(f"'{path}' has no label that people answer")
        name = config.label or next(iter(labels))
        if name not in labels:
            raise UsageError(f"there is no label '{name}'{did_you_mean(name, labels)}")
        events = [_event(one, labels[name], config) for one in store.iter_events()]
    return to_survey(events, labels[name].multi_label)


def _event(event: ReviewEvent, label: ReviewLabel, config: SummaryConfig) -> LabelledEvent:
    found = LabelledEvent(
        event.id,
        event.place or event.meta.get(config.location, ""),
        event.meta.get(config.camera, ""),
        event.time,
        parse_degrees(event.meta.get("latitude")),
        parse_degrees(event.meta.get("longitude")),
    )
    found.photos = {photo.path: photo.taken for photo in event.photos}
    found.identified_by = MODEL
    own = None if event.answer is None else event.answer.labels.get(label.name)
    count = _count(event)
    if own is not None:
        found.species = dict.fromkeys(own, count)
        found.identified_by = " | ".join(_reviewers(event, label.name))
        return found
    predicted = event.predictions.get(label.name)
    if predicted is None:
        return found
    names = (predicted.answer,) if predicted.present is None else predicted.present
    found.species = dict.fromkeys((one for one in names if one != UNKNOWN), count)
    values = predicted.probabilities or ()
    found.probabilities = (
        dict(zip(label.predicted, values, strict=True))
        if values
        else {guess.name: guess.probability for guess in predicted.guesses}
    )
    return found


def _reviewers(event: ReviewEvent, label: str) -> list[str]:
    """Return those whose answer is the one that counts."""
    assert event.answer is not None
    own = set(event.answer.labels[label] or ())
    return [name for name, one in event.answers.items() if set(one.labels.get(label) or ()) == own]


def _count(event: ReviewEvent) -> int:
    """Return the individuals that a person counted, or that boxes show; 0 if nothing says so."""
    answers = {} if event.answer is None else event.answer.labels
    if own := answers.get(COUNT):
        return parse_whole(own[0])
    return max(
        (sum(box.category == "animal" for box in photo.boxes) for photo in event.photos), default=0
    )
