"""How often, where and when each class was predicted; needs no ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.statistics.exact import Int64Array

MAX_FREQUENT_CLASSES = 8
MAX_HOURLY_CLASSES = 5


@dataclass(frozen=True)
class ClassCount:
    """Number and share of events with this top class; `confidence` is their mean, NaN for none."""

    name: str
    events: int
    share: float
    confidence: float


@dataclass(frozen=True)
class LocationActivity:
    """Events at a location; `counts` are those of the overall most frequent classes."""

    name: str
    events: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class HourlyActivity:
    """Events by hour, 24 `counts`; `name` is the class, None for all events."""

    name: str | None
    counts: tuple[int, ...]


def class_counts(data: EvaluationData, label: str) -> tuple[ClassCount, ...]:
    """Count the events of each class, most frequent first."""
    probabilities, names = data.events.probabilities[label], data.classes[label]
    top, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    counts = np.bincount(top, minlength=len(names))
    sums = np.bincount(top, confidence, len(names))
    means = np.divide(sums, counts, out=np.full(len(names), np.nan), where=counts > 0)
    order = np.argsort(-counts, kind="stable").tolist()
    return tuple(
        ClassCount(names[i], int(counts[i]), float(counts[i] / len(top)), float(means[i]))
        for i in order
    )


def frequent_classes(data: EvaluationData, label: str) -> Int64Array:
    """Return the numbers of up to MAX_FREQUENT_CLASSES predicted classes, most frequent first."""
    counts = np.bincount(
        data.events.probabilities[label].argmax(axis=1), minlength=len(data.classes[label])
    )
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] > 0][:MAX_FREQUENT_CLASSES]


def activity_by_location(
    data: EvaluationData, label: str, classes: Int64Array
) -> tuple[LocationActivity, ...]:
    """Count the events of the given `classes` at each known location, most events first."""
    is_known = data.location >= 0
    location = data.location[is_known].astype(np.int64)
    top = data.events.probabilities[label].argmax(axis=1)[is_known]
    width = len(data.classes[label])
    table = np.bincount(location * width + top, minlength=len(data.locations) * width)
    table = table.reshape(-1, width)
    totals = table.sum(axis=1)
    return tuple(
        LocationActivity(data.locations[i], int(totals[i]), tuple(table[i, classes].tolist()))
        for i in np.argsort(-totals, kind="stable").tolist()
    )


def activity_by_hour(
    data: EvaluationData, label: str, classes: Int64Array
) -> tuple[HourlyActivity, ...]:
    """Count events by hour: all, then the most frequent of `classes` that do not mean empty.

    Returns an empty tuple if no event has a time.
    """
    hours = np.array([_hour(timestamp) for timestamp in data.timestamps])
    is_known = hours >= 0
    if not is_known.any():
        return ()
    top, names = data.events.probabilities[label].argmax(axis=1), data.classes[label]
    activity = [_hourly(None, hours[is_known])]
    animals = [number for number in classes.tolist() if observation_type(names[number]) != "blank"]
    for number in animals[:MAX_HOURLY_CLASSES]:
        of_class = hours[is_known & (top == number)]
        if len(of_class):
            activity.append(_hourly(names[number], of_class))
    return tuple(activity)


def _hourly(name: str | None, hours: Int64Array) -> HourlyActivity:
    return HourlyActivity(name, tuple(np.bincount(hours, minlength=24).tolist()))


def _hour(timestamp: str) -> int:
    """Return the hour of an ISO 8601 time, −1 without one."""
    text = timestamp[11:13]
    return int(text) if text.isdecimal() and int(text) < 24 else -1
