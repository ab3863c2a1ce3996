"""Accuracy and coverage: how many predictions can be accepted, and how many of them are right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.evaluation import Accepted, Coverage
from ctc.evaluation.metrics.intervals import Int64Array, proportion

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
TARGETS = (0.9, 0.95, 0.98, 0.99)


def compute_coverage(
    truth: Int32Array, probabilities: ProbabilityMatrix, thresholds: NDArray[np.float32] | None
) -> Coverage:
    """Compute accuracy and coverage for confidence thresholds and accuracy targets.

    `thresholds` (K,) are the model's own per class, None if it has none.
    """
    top = probabilities.argmax(axis=1)
    confidence, right = probabilities[np.arange(len(top)), top], top == truth
    ranked = _RankedPredictions.from_confidence(confidence, right)
    return Coverage(
        curve=tuple(
            ranked.accepted_at(int(end))
            for end in np.unique(ranked.index_at_coverage(np.arange(1, 101) / 100))
        ),
        table=tuple(
            _accepted_at_threshold(threshold, confidence >= np.float32(threshold), right)
            for threshold in THRESHOLDS
        ),
        targets=_coverage_at_targets(ranked),
        thresholds=None
        if thresholds is None
        else _accepted_at_threshold(None, confidence >= thresholds[top], right),
    )


class _RankedPredictions:
    """Predictions ranked by confidence, highest first.

    Equal confidences are accepted together: `ends` are the last positions of each `confidence`,
    `hits` the number of right predictions up to there.
    """

    def __init__(self, confidence: NDArray[np.float32], ends: Int64Array, hits: Int64Array) -> None:
        self.confidence, self.ends, self.hits = confidence, ends, hits

    @classmethod
    def from_confidence(
        cls, confidence: NDArray[np.float32], right: NDArray[np.bool_]
    ) -> _RankedPredictions:
        order = np.argsort(-confidence, kind="stable")
        ranked = confidence[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        return cls(ranked[ends], ends, np.cumsum(right[order], dtype=np.int64)[ends])

    def index_at_coverage(self, shares: NDArray[np.float64]) -> Int64Array:
        """Return the indices of the first ends that cover at least these shares."""
        positions = np.ceil(shares * (self.ends[-1] + 1) - 1e-9) - 1
        return np.asarray(np.searchsorted(self.ends, positions))

    def accepted_at(self, end: int) -> Accepted:
        """Return what is accepted up to an end, by its index."""
        n = int(self.ends[end]) + 1
        accuracy = proportion(int(self.hits[end]), n)
        return Accepted(float(self.confidence[end]), n / (int(self.ends[-1]) + 1), accuracy)


def _accepted_at_threshold(
    threshold: float | None, accepted: NDArray[np.bool_], right: NDArray[np.bool_]
) -> Accepted:
    n = int(accepted.sum())
    return Accepted(threshold, n / len(right), proportion(int((accepted & right).sum()), n))


def _coverage_at_targets(ranked: _RankedPredictions) -> Mapping[str, Accepted | None]:
    accuracy = ranked.hits / (ranked.ends + 1)
    reached = {target: np.flatnonzero(accuracy >= target) for target in TARGETS}
    return {
        f"{target:g}": ranked.accepted_at(int(ends[-1])) if len(ends) else None
        for target, ends in reached.items()
    }
