"""Aggregations that weigh the classes of a photo against each other.

The probabilities of an event sum to 1. For a multi-label label, each class is weighed against its
absence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Aggregation, hookimpl

ProbabilityArray = NDArray[np.float32]
MIN_PROBABILITY = float(np.finfo(np.float32).tiny)
"""Used instead of 0, so that photos that exclude each other's classes don't give all zeros."""


@hookimpl
def ctc_aggregations() -> list[Aggregation]:
    return [
        Aggregation(
            "product",
            "the geometric mean over the photos of an event: one photo's doubt counts",
            product,
        ),
        Aggregation("vote", "the share of an event's photos whose most probable class it is", vote),
    ]


def product(probabilities: ProbabilityArray) -> ProbabilityArray:
    """Return the geometric mean of each class, scaled to sum to 1.

    (images, classes) to (classes,).
    """
    logs = np.log(np.maximum(probabilities, MIN_PROBABILITY, dtype=np.float64)).mean(axis=0)
    means = np.exp(logs - logs.max())
    return np.asarray(means / means.sum(), np.float32)


def vote(probabilities: ProbabilityArray) -> ProbabilityArray:
    """Return the share of photos that vote for each class; (images, classes) to (classes,).

    Each photo has one vote, for the first of its most probable classes.
    """
    images, classes = probabilities.shape
    return np.asarray(
        np.bincount(probabilities.argmax(axis=1), minlength=classes) / images, np.float32
    )
