"""What a prediction file says without any truth: how often, where and when each class was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ctc.artifacts.observation_types import kind_of
from ctc.evaluation.answers.predictions import Scored
from ctc.evaluation.html.charts import bar_chart
from ctc.evaluation.metrics.intervals import Ints

FREQUENT = 8
MOST_PLACES = 60
CHARTS = 5


@dataclass(frozen=True)
class ClassCount:
    """`confidence`: the mean probability of the answers with this class; NaN without one."""

    name: str
    events: int
    share: float
    confidence: float


@dataclass(frozen=True)
class Place:
    """A location; `counts` of the classes that are frequent over all."""

    name: str
    events: int
    counts: tuple[int, ...]


def class_counts(scored: Scored, label: str) -> tuple[ClassCount, ...]:
    """The most frequent first."""
    probabilities, names = scored.events.probabilities[label], scored.classes[label]
    top, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    counts = np.bincount(top, minlength=len(names))
    sums = np.bincount(top, confidence, len(names))
    means = np.divide(sums, counts, out=np.full(len(names), np.nan), where=counts > 0)
    order = np.argsort(-counts, kind="stable").tolist()
    return tuple(ClassCount(names[i], int(counts[i]), float(counts[i] / len(top)), float(means[i])) for i in order)


def frequent_classes(scored: Scored, label: str) -> Ints:
    """The numbers of up to FREQUENT classes that were answered, the most frequent first."""
    counts = np.bincount(scored.events.probabilities[label].argmax(axis=1), minlength=len(scored.classes[label]))
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] > 0][:FREQUENT]


def places(scored: Scored, label: str, classes: Ints) -> tuple[Place, ...]:
    """All locations that are known, with most events first."""
    inside = scored.location >= 0
    where, top = scored.location[inside].astype(np.int64), scored.events.probabilities[label].argmax(axis=1)[inside]
    width = len(scored.classes[label])
    table = np.bincount(where * width + top, minlength=len(scored.locations) * width).reshape(-1, width)
    totals = table.sum(axis=1)
    return tuple(
        Place(scored.locations[i], int(totals[i]), tuple(table[i, classes].tolist()))
        for i in np.argsort(-totals, kind="stable").tolist()
    )


def hours(scored: Scored, label: str, classes: Ints) -> Mapping[str, Markup]:
    """Bar charts by title: all events, and the most frequent classes with something on them; none when no event has a time."""
    hour = np.array([_hour(taken) for taken in scored.taken])
    if not (hour >= 0).any():
        return {}
    top, names = scored.events.probabilities[label].argmax(axis=1), scored.classes[label]
    charts = {"All events": _by_hour("all events", hour[hour >= 0])}
    animals = [number for number in classes.tolist() if kind_of(names[number]) != "blank"]
    for number in animals[:CHARTS]:
        chosen = hour[(hour >= 0) & (top == number)]
        if len(chosen):
            charts[f"Called {names[number]}"] = _by_hour(names[number], chosen)
    return charts


def _hour(taken: str) -> int:
    """−1 without one."""
    text = taken[11:13]
    return int(text) if text.isdecimal() and int(text) < 24 else -1


def _by_hour(name: str, of_event: Ints) -> Markup:
    counts = np.bincount(of_event, minlength=24).tolist()
    busiest = max(range(24), key=counts.__getitem__)
    summary = f"Events of {name} by hour: most, {counts[busiest]:,}, from {busiest} o'clock on"
    bars = [(str(hour) if hour % 3 == 0 else "", count) for hour, count in enumerate(counts)]
    return bar_chart(summary, "hour of the day", bars)
