"""Accuracy and coverage: how many predictions can be accepted, and how many of them are right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.estimator import Estimator, ScopedClusters
from ctc.evaluation.metrics.evaluation import Accepted, Coverage, Promise, Target
from ctc.evaluation.statistics.exact import CONFIDENCE, Int64Array
from ctc.evaluation.statistics.promises import MIN_LOCATIONS, Cut, deepest_cut

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
TARGETS = (0.9, 0.95, 0.98, 0.99)


def compute_coverage(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    thresholds: NDArray[np.float32] | None,
    estimator: Estimator,
) -> Coverage:
    """Compute accuracy and coverage for confidence thresholds and accuracy targets.

    `thresholds` (N,) are the model's own for each prediction's class, None if it has none.
    """
    top = probabilities.argmax(axis=1)
    ranked = _RankedPredictions(probabilities[np.arange(len(top)), top], top == truth, estimator)
    confidence = ranked.confidence
    return Coverage(
        curve=tuple(
            ranked.accepted_at(int(end))
            for end in np.unique(ranked.index_at_coverage(np.arange(1, 101) / 100))
        ),
        table=tuple(
            ranked.accepted(threshold, confidence >= np.float32(threshold))
            for threshold in THRESHOLDS
        ),
        scope=estimator.widest.scope,
        targets=ranked.targets(),
        thresholds=None if thresholds is None else ranked.accepted(None, confidence >= thresholds),
    )


def least_clusters(clusters: ScopedClusters) -> int:
    """Return the fewest clusters that prove anything."""
    return MIN_LOCATIONS if clusters.scope == "new locations" else 2


class _RankedPredictions:
    """Predictions with their `confidence` and `right` (N,), in an `order` from the surest on.

    Equal confidences are accepted together: `ends` are the last positions of each of `scores`,
    `hits` the number of right predictions up to there.
    """

    def __init__(
        self, confidence: NDArray[np.float32], right: NDArray[np.bool_], estimator: Estimator
    ) -> None:
        self.confidence, self.right, self.estimator = confidence, right, estimator
        self.order = np.argsort(-confidence, kind="stable")
        ranked = confidence[self.order]
        self.ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self.scores = ranked[self.ends]
        self.hits = np.cumsum(right[self.order], dtype=np.int64)[self.ends]

    def index_at_coverage(self, shares: NDArray[np.float64]) -> Int64Array:
        """Return the indices of the first ends that cover at least these shares."""
        positions = np.ceil(shares * (self.ends[-1] + 1) - 1e-9) - 1
        return np.asarray(np.searchsorted(self.ends, positions))

    def accepted_at(self, end: int) -> Accepted:
        """Return what is accepted up to an end, by its index."""
        return self._accepted(float(self.scores[end]), self.order[: int(self.ends[end]) + 1])

    def accepted(self, threshold: float | None, chosen: NDArray[np.bool_]) -> Accepted:
        """Return what is accepted of the `chosen` (N,)."""
        return self._accepted(threshold, np.flatnonzero(chosen))

    def _accepted(self, threshold: float | None, rows: Int64Array) -> Accepted:
        accuracy = self.estimator.proportion(self.right, rows)
        return Accepted(threshold, len(rows) / len(self.right), accuracy)

    def targets(self) -> Mapping[str, Target]:
        """Return what reaches each of TARGETS, promised and in hindsight."""
        return {f"{target:g}": self._target(target) for target in TARGETS}

    def _target(self, target: float) -> Target:
        reached = np.flatnonzero(self.hits / (self.ends + 1) >= target)
        hindsight = self.accepted_at(int(reached[-1])) if len(reached) else None
        clusters = self.estimator.widest
        found = deepest_cut(
            self.confidence,
            self.right,
            clusters.cluster,
            target,
            1 - CONFIDENCE,
            clusters.correlation,
            least_clusters(clusters),
        )
        if not isinstance(found, Cut):
            return Target(None, found, hindsight)
        share = found.accepted / len(self.right)
        promise = Promise(found.score, share, found.share, found.at_least, found.clusters)
        return Target(promise, None, hindsight)
