"""What a prediction file says without any truth: how often, where and when each class was
answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.html.charts import bar_chart
from ctc.evaluation.metrics.intervals import Int64Array

MAX_FREQUENT_CLASSES = 8
MAX_LOCATIONS = 60
MAX_HOUR_CHARTS = 5


@dataclass(frozen=True)
class ClassCount:
    """`confidence`: the mean probability of the answers with this class; NaN without one."""

    name: str
    events: int
    share: float
    confidence: float


@dataclass(frozen=True)
class LocationActivity:
    """A location; `counts` of the classes that are frequent over all."""

    name: str
    events: int
    counts: tuple[int, ...]


def class_counts(data: EvaluationData, label: str) -> tuple[ClassCount, ...]:
    """The most frequent first."""
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
    """The numbers of up to FREQUENT classes that were answered, the most frequent first."""
    counts = np.bincount(
        data.events.probabilities[label].argmax(axis=1), minlength=len(data.classes[label])
    )
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] > 0][:MAX_FREQUENT_CLASSES]


def activity_by_location(
    data: EvaluationData, label: str, classes: Int64Array
) -> tuple[LocationActivity, ...]:
    """All locations that are known, with most events first."""
    inside = data.location >= 0
    where, top = (
        data.location[inside].astype(np.int64),
        data.events.probabilities[label].argmax(axis=1)[inside],
    )
    width = len(data.classes[label])
    table = np.bincount(where * width + top, minlength=len(data.locations) * width).reshape(
        -1, width
    )
    totals = table.sum(axis=1)
    return tuple(
        LocationActivity(data.locations[i], int(totals[i]), tuple(table[i, classes].tolist()))
        for i in np.argsort(-totals, kind="stable").tolist()
    )


def charts_by_hour(data: EvaluationData, label: str, classes: Int64Array) -> Mapping[str, Markup]:
    """Bar charts by title: all events, and the most frequent classes with something on them; none
    when no event has a time."""
    hour = np.array([_hour(taken) for taken in data.timestamps])
    if not (hour >= 0).any():
        return {}
    top, names = data.events.probabilities[label].argmax(axis=1), data.classes[label]
    charts = {"All events": _hour_chart("all events", hour[hour >= 0])}
    animals = [number for number in classes.tolist() if observation_type(names[number]) != "blank"]
    for number in animals[:MAX_HOUR_CHARTS]:
        chosen = hour[(hour >= 0) & (top == number)]
        if len(chosen):
            charts[f"Called {names[number]}"] = _hour_chart(names[number], chosen)
    return charts


def _hour(taken: str) -> int:
    """−1 without one."""
    text = taken[11:13]
    return int(text) if text.isdecimal() and int(text) < 24 else -1


def _hour_chart(name: str, of_event: Int64Array) -> Markup:
    counts = np.bincount(of_event, minlength=24).tolist()
    busiest = max(range(24), key=counts.__getitem__)
    summary = f"Events of {name} by hour: most, {counts[busiest]:,}, from {busiest} o'clock on"
    bars = [(str(hour) if hour % 3 == 0 else "", count) for hour, count in enumerate(counts)]
    return bar_chart(summary, "hour of the day", bars)
