"""From which probability on the answer for a class can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.intervals import lower_bound


@dataclass(frozen=True, slots=True)
class ClassThreshold:
    """`predicted`: answers of which the class is the most probable one; `accepted`: those of them
    with at least the probability `threshold`; `precision`: the share of these that is right,
    `min_size` its lower bound. Where no threshold will do: None, 0 and NaN."""

    name: str
    predicted: int
    threshold: float | None
    accepted: int
    precision: float
    at_least: float


def class_thresholds(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    classes: tuple[str, ...],
    precision: float,
    confidence: float,
) -> tuple[ClassThreshold, ...]:
    """Per class the lowest threshold at which the precision is at least `precision` with
    `confidence`: its one-sided Clopper-Pearson lower bound is no less (docs/evaluate.md says how
    far choosing the lowest of many is to be trusted)."""
    top = probabilities.argmax(axis=1)
    found = []
    for number, name in enumerate(classes):
        chosen = top == number
        confidences, right = probabilities[chosen, number], truth[chosen] == number
        found.append(_lowest_threshold(name, confidences, right, precision, 1 - confidence))
    return tuple(found)


def _lowest_threshold(
    name: str,
    confidences: NDArray[np.float32],
    right: NDArray[np.bool_],
    precision: float,
    tail: float,
) -> ClassThreshold:
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    ends = (
        np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        if len(ranked)
        else np.empty(0, np.int64)
    )
    accepted, hits = ends + 1, np.cumsum(right[order])[ends]
    bound = lower_bound(hits, accepted, tail)
    good = np.flatnonzero(bound >= precision)
    if not len(good):
        return ClassThreshold(name, len(ranked), None, 0, float("nan"), float("nan"))
    last = good[-1]
    count = int(accepted[last])
    return ClassThreshold(
        name,
        len(ranked),
        float(ranked[ends[last]]),
        count,
        float(hits[last] / count),
        float(bound[last]),
    )
