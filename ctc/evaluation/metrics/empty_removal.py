"""Removal of empty photos without review: share removed, and share of animals lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.evaluation import EmptyRemoval, EmptyRemovalPoint
from ctc.evaluation.metrics.intervals import proportion

LOSS_LIMITS = (0.01, 0.05, 0.1)


def empty_removal(
    truth: Int32Array, probabilities: ProbabilityMatrix, classes: tuple[str, ...]
) -> EmptyRemoval | None:
    """Compute operating points for the removal of empty photos or events.

    Everything that is not empty counts as an animal, people and vehicles too. Returns None unless
    the label has a class whose name means empty, and both empty and other truths occur.
    """
    blank = np.array([observation_type(name) == "blank" for name in classes])
    is_empty = blank[truth]
    count = int(is_empty.sum())
    if not 0 < count < len(truth):
        return None
    probability = probabilities[:, blank].sum(axis=1)
    names = tuple(name for name, chosen in zip(classes, blank, strict=True) if chosen)
    points = tuple(_operating_point(allowed, is_empty, probability) for allowed in LOSS_LIMITS)
    return EmptyRemoval(names, count, len(truth) - count, points)


def _operating_point(
    allowed: float, is_empty: NDArray[np.bool_], probability: NDArray[np.float32]
) -> EmptyRemovalPoint:
    """Return the point with the lowest threshold that loses at most the share `allowed`."""
    from sklearn.metrics import roc_curve

    lost, _, thresholds = roc_curve(is_empty, probability, drop_intermediate=False)
    last = int(np.flatnonzero(lost <= allowed + 1e-12)[-1])
    removed = probability >= thresholds[last]
    empty, all_removed = int((removed & is_empty).sum()), int(removed.sum())
    count = int(is_empty.sum())
    return EmptyRemovalPoint(
        allowed,
        float(thresholds[last]) if last else None,
        proportion(empty, count),
        proportion(all_removed - empty, len(is_empty) - count),
    )
