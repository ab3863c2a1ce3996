"""Aggregations that treat every class on its own.

They take the mean, the largest, the smallest or the few largest probabilities over an event's
photos.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Aggregation, AggregationContext, hookimpl

from .attention import RECORD as ATTENTION

ProbabilityArray = NDArray[np.float32]
TOP_K = 3


@hookimpl
def ctc_aggregations() -> list[Aggregation]:
    return [
        Aggregation("mean", "the average over the photos of an event", mean, by_class=True),
        Aggregation(
            "max",
            "the highest probability that any photo of an event gives",
            highest,
            by_class=True,
        ),
        Aggregation(
            "min", "the lowest probability that any photo of an event gives", lowest, by_class=True
        ),
        Aggregation(
            "top_k_mean",
            f"the average of the {TOP_K} highest probabilities that photos of an event give",
            top_k_mean,
            by_class=True,
        ),
        ATTENTION,
    ]


def mean(probabilities: ProbabilityArray, context: AggregationContext) -> ProbabilityArray:
    """Return the mean of each class; (images, classes) to (classes,).

    Boxes count by the detector's confidence. Summed in float64, so that many photos lose no digits.
    """
    if sum(context.weights) > 0:
        weights = np.array(context.weights, np.float64)
        averaged = np.average(probabilities.astype(np.float64), axis=0, weights=weights)
        return np.asarray(averaged, np.float32)
    return _average(probabilities)


def highest(probabilities: ProbabilityArray) -> ProbabilityArray:
    """Return the maximum of each class; (images, classes) to (classes,); the sum may exceed 1."""
    return np.asarray(probabilities.max(axis=0), np.float32)


def lowest(probabilities: ProbabilityArray) -> ProbabilityArray:
    """Return the minimum of each class; (images, classes) to (classes,); the sum may be below 1."""
    return np.asarray(probabilities.min(axis=0), np.float32)


def top_k_mean(probabilities: ProbabilityArray) -> ProbabilityArray:
    """Return the mean of the K highest values of each class; (images, classes) to (classes,).

    All values count where there are fewer than K; the sum may exceed 1.
    """
    return _average(np.sort(probabilities, axis=0)[-TOP_K:])


def _average(probabilities: ProbabilityArray) -> ProbabilityArray:
    return np.asarray(probabilities.mean(axis=0, dtype=np.float64), np.float32)
