"""Removal of empty photos without review: share removed, and share of animals lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import observation_type
from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.coverage import least_clusters
from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.metrics.evaluation import (
    EmptyRemoval,
    EmptyRemovalPoint,
    EmptyRemovalTarget,
)
from ctc.evaluation.statistics.exact import CONFIDENCE
from ctc.evaluation.statistics.tail_loss import TailLoss, lowest_limit

LOSS_LIMITS = (0.01, 0.05, 0.1)


def empty_removal(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    classes: tuple[str, ...],
    estimator: Estimator,
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
    scores = _EmptyScores(is_empty, probabilities[:, blank].sum(axis=1), estimator)
    names = tuple(name for name, chosen in zip(classes, blank, strict=True) if chosen)
    points = tuple(scores.target(allowed) for allowed in LOSS_LIMITS)
    return EmptyRemoval(names, count, len(truth) - count, estimator.widest.scope, points)


@dataclass(frozen=True)
class _EmptyScores:
    """Which of N predictions are of empty photos or events, and how probable that is."""

    is_empty: NDArray[np.bool_]
    probability: NDArray[np.float32]
    estimator: Estimator

    def target(self, allowed: float) -> EmptyRemovalTarget:
        """Return what removes most, if at most the share `allowed` of the animals may be lost."""
        hindsight = self._point(self._threshold_in_hindsight(allowed))
        animals, clusters = ~self.is_empty, self.estimator.widest
        found = lowest_limit(
            self.probability[animals].astype(np.float64),
            clusters.cluster[animals],
            allowed,
            1 - CONFIDENCE,
            least_clusters(clusters),
        )
        if not isinstance(found, TailLoss):
            return EmptyRemovalTarget(allowed, None, found, hindsight)
        threshold = float(np.nextafter(np.float32(found.limit), np.float32(np.inf)))
        return EmptyRemovalTarget(allowed, self._point(threshold), None, hindsight)

    def _threshold_in_hindsight(self, allowed: float) -> float | None:
        """Return the lowest threshold that loses at most the share `allowed` here, if any."""
        from sklearn.metrics import roc_curve

        lost, _, thresholds = roc_curve(self.is_empty, self.probability, drop_intermediate=False)
        last = int(np.flatnonzero(lost <= allowed + 1e-12)[-1])
        return float(thresholds[last]) if last else None

    def _point(self, threshold: float | None) -> EmptyRemovalPoint:
        removed = self.probability >= (np.inf if threshold is None else np.float32(threshold))
        shares = (
            self.estimator.proportion(removed, np.flatnonzero(kind))
            for kind in (self.is_empty, ~self.is_empty)
        )
        return EmptyRemovalPoint(threshold, *shares)
