"""How many empty photos can be removed unseen, at the price of how many animals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import kind_of
from ctc.evaluation.answers.predictions import Numbers, Probabilities
from ctc.evaluation.metrics.evaluation import Empties, EmptiesRemoved
from ctc.evaluation.metrics.intervals import share

ALLOWED = (0.01, 0.05, 0.1)


def empties(truth: Numbers, probabilities: Probabilities, classes: tuple[str, ...]) -> Empties | None:
    """None unless the label has a class whose name means empty, and both empty ones and others occur.

    What is not empty counts as animal, people and vehicles too.
    """
    blank = np.array([kind_of(name) == "blank" for name in classes])
    is_empty = blank[truth]
    count = int(is_empty.sum())
    if not 0 < count < len(truth):
        return None
    probability = probabilities[:, blank].sum(axis=1)
    names = tuple(name for name, chosen in zip(classes, blank, strict=True) if chosen)
    points = tuple(_point(allowed, is_empty, probability) for allowed in ALLOWED)
    return Empties(names, count, len(truth) - count, points)


def _point(allowed: float, is_empty: NDArray[np.bool_], probability: NDArray[np.float32]) -> EmptiesRemoved:
    """The lowest threshold that costs no more than `allowed`."""
    from sklearn.metrics import roc_curve

    lost, _, thresholds = roc_curve(is_empty, probability, drop_intermediate=False)
    last = int(np.flatnonzero(lost <= allowed + 1e-12)[-1])
    removed = probability >= thresholds[last]
    empty, all_removed = int((removed & is_empty).sum()), int(removed.sum())
    count = int(is_empty.sum())
    return EmptiesRemoved(
        allowed,
        float(thresholds[last]) if last else None,
        share(empty, count),
        share(all_removed - empty, len(is_empty) - count),
    )
