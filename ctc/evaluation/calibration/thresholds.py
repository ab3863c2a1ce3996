"""Confidence thresholds per class with a guaranteed precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.intervals import lower_bound


@dataclass(frozen=True, slots=True)
class ClassThreshold:
    """Threshold of one class.

    `predicted` counts the predictions with this top class, `accepted` those of them that reach the
    `threshold`. `precision` is the share of the accepted that is right, `at_least` its lower bound.
    Where no threshold suffices they are None (threshold), 0 and NaN.
    """

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
    """Find, for each class, the lowest threshold whose precision is at least `precision`.

    That holds with `confidence`: the one-sided Clopper-Pearson lower bound of the precision is at
    least `precision`. docs/evaluate.md discusses the selection of the lowest of many thresholds.
    """
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
