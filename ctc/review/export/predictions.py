"""Predictions with people's answers in place of the model's, for the output formats of plugins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import DATETIME, LOCATION
from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.predictions import (
    CLASSIFIED_AT,
    CLASSIFIED_BY,
    HUMAN,
    MACHINE,
    METHOD,
    UNKNOWN,
    UNLIKE_ANYTHING,
    BoxPrediction,
    ColumnValue,
    EventPrediction,
    ImagePrediction,
    Meta,
)
from ctc.artifacts.review.records import ReviewEvent, ReviewLabel, ReviewPhoto, ReviewPrediction
from ctc.review.export.boxes import box_predictions
from ctc.review.export.consensus import Verdict
from ctc.review.export.photo_paths import PhotoPaths
from ctc.review.export.reviewed import ReviewedEvent

SEPARATOR = " | "
"""Between the names of reviewers."""
_STRANGENESS, _REASON = "strangeness", "unknown_reason"
_OWN = (_STRANGENESS, _REASON, METHOD, CLASSIFIED_BY, CLASSIFIED_AT)


@dataclass(frozen=True)
class PredictionShape:
    """What all events of an export have alike.

    `meta`: names of further columns. `columns`: by label, those of decisions. `model`: who the
    machine's answers are of. `always`: labels that every event has, answered or not.
    """

    labels: tuple[ReviewLabel, ...]
    meta: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    has_boxes: bool
    model: str
    paths: PhotoPaths
    always: frozenset[str] = frozenset()

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """The classes by label; labels without any are left out."""
        return {label.name: label.classes for label in self.labels if label.classes}


@dataclass(frozen=True, slots=True)
class _LabelAnswer:
    """The answer of a label: fields as those of EventPrediction."""

    probabilities: NDArray[np.float32]
    columns: Mapping[str, ColumnValue]
    decided: tuple[str, float] | None = None
    thresholds: tuple[float | None, ...] | None = None


def to_prediction(one: ReviewedEvent, shape: PredictionShape) -> EventPrediction:
    """Return the event with a person's answer, probability 1, for each label that has a verdict.

    Labels that people are not sure of, or differ about, keep the model's answer. Photos have the
    answers of their event.
    """
    answers = {
        label.name: _answer(one, label, shape)
        for label in shape.labels
        if label.classes and _is_shown(one, label.name, shape)
    }
    probabilities = {name: answer.probabilities for name, answer in answers.items()}
    strangeness, is_stranger = _strangeness(one)
    return EventPrediction(
        one.event.id,
        {name: shape.classes[name] for name in answers},
        probabilities,
        _photos(one, probabilities, shape),
        _meta(one.event, shape),
        {name: found.thresholds for name, found in answers.items() if found.thresholds},
        tuple(label.name for label in shape.labels if label.multi_label and label.name in answers),
        strangeness=strangeness,
        stranger_threshold=-math.inf if is_stranger else None,
        decided={name: found.decided for name, found in answers.items() if found.decided},
        columns={name: found.columns for name, found in answers.items()},
    )


def _is_shown(one: ReviewedEvent, label: str, shape: PredictionShape) -> bool:
    known = label in one.event.predictions or sure_verdict(one, label) is not None
    return known or label in shape.always


def sure_verdict(one: ReviewedEvent, label: str) -> Verdict | None:
    """Return the verdict on a label, None if there is none, or it is "not sure"."""
    verdict = one.verdicts.get(label)
    return verdict if verdict and verdict.classes is not None else None


def _answer(one: ReviewedEvent, label: ReviewLabel, shape: PredictionShape) -> _LabelAnswer:
    columns: dict[str, ColumnValue] = dict.fromkeys(
        name for name in shape.columns.get(label.name, ()) if name not in _OWN
    )
    verdict = sure_verdict(one, label.name)
    if verdict is not None:
        return _human(label, verdict, columns)
    prediction = one.event.predictions.get(label.name)
    if prediction is None:
        unasked = {METHOD: None, CLASSIFIED_BY: None, CLASSIFIED_AT: None}
        return _LabelAnswer(np.zeros(len(label.classes), np.float32), {**columns, **unasked})
    return _machine(label, prediction, columns, shape.model)


def _human(
    label: ReviewLabel, verdict: Verdict, columns: Mapping[str, ColumnValue]
) -> _LabelAnswer:
    classes = verdict.classes or ()
    values = np.array([name in classes for name in label.classes], np.float32)
    marks = {
        METHOD: HUMAN,
        CLASSIFIED_BY: SEPARATOR.join(verdict.reviewers),
        CLASSIFIED_AT: verdict.made_at,
    }
    if label.multi_label:
        return _LabelAnswer(values, {**columns, **marks})
    return _LabelAnswer(values, {**columns, **marks}, (classes[0], 1.0))


def _machine(
    label: ReviewLabel,
    prediction: ReviewPrediction,
    columns: Mapping[str, ColumnValue],
    model: str,
) -> _LabelAnswer:
    """Return the model's answer, or that of an earlier person whom the predictions name."""
    values = _probabilities(label, prediction)
    known = {name: prediction.columns.get(name) for name in columns}
    marks: dict[str, ColumnValue] = {METHOD: MACHINE, CLASSIFIED_BY: model, CLASSIFIED_AT: None}
    if METHOD in prediction.columns:
        marks = {name: prediction.columns.get(name) for name in marks}
    if label.multi_label and prediction.present is not None:
        present = zip(label.classes, values.tolist(), strict=True)
        limits = tuple(value if name in prediction.present else None for name, value in present)
        return _LabelAnswer(values, {**known, **marks}, thresholds=limits)
    never = (None,) * len(label.classes) if prediction.answer == UNKNOWN else None
    answer = (prediction.answer, prediction.confidence)
    return _LabelAnswer(values, {**known, **marks}, answer, never)


def _probabilities(label: ReviewLabel, prediction: ReviewPrediction) -> NDArray[np.float32]:
    if prediction.probabilities:
        named = dict(zip(label.predicted, prediction.probabilities, strict=True))
    else:
        named = {guess.name: guess.probability for guess in prediction.guesses}
    return np.array([named.get(name, 0.0) for name in label.classes], np.float32)


def _strangeness(one: ReviewedEvent) -> tuple[float | None, bool]:
    """Return how strange an event is, and whether that is why the model does not know it."""
    found = [prediction.columns for prediction in one.event.predictions.values()]
    told = next((text for columns in found if (text := columns.get(_STRANGENESS))), None)
    is_stranger = any(columns.get(_REASON) == UNLIKE_ANYTHING for columns in found)
    return (None if told is None else float(str(told))), is_stranger and not one.is_reviewed


def _photos(
    one: ReviewedEvent, probabilities: Mapping[str, NDArray[np.float32]], shape: PredictionShape
) -> tuple[ImagePrediction, ...]:
    return tuple(
        ImagePrediction(
            path,
            probabilities,
            photo.taken or None,
            boxes=_boxes(one, photo, probabilities, shape) if shape.has_boxes else None,
        )
        for path, photo in zip(shape.paths.of(one.event), one.event.photos, strict=True)
    )


def _boxes(
    one: ReviewedEvent,
    photo: ReviewPhoto,
    probabilities: Mapping[str, NDArray[np.float32]],
    shape: PredictionShape,
) -> tuple[BoxPrediction, ...]:
    humans = {label for label in probabilities if sure_verdict(one, label)}
    return box_predictions(photo, shape.classes, probabilities, humans)


def _meta(event: ReviewEvent, shape: PredictionShape) -> Meta:
    """Return the further columns, with place and time; a folder's name is no place."""
    first = event.photos[0].path.replace("\\", "/") if event.photos else ""
    folder = first.rpartition("/")[0]
    place = None if event.place in (folder, camera_folder(folder)) else event.place or None
    further = {name: event.meta.get(name) for name in shape.meta}
    return {LOCATION: place, DATETIME: event.time or None, **further}
