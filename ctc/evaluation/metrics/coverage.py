"""How much can be accepted without a look at it, and how much of that is right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Numbers, Probabilities
from ctc.evaluation.metrics.evaluation import Accepted, Automation
from ctc.evaluation.metrics.intervals import Ints, share

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
TARGETS = (0.9, 0.95, 0.98, 0.99)


def automation(truth: Numbers, probabilities: Probabilities, thresholds: NDArray[np.float32] | None) -> Automation:
    """`thresholds` (K,): per class the lowest probability that is accepted, if the model has some."""
    top = probabilities.argmax(axis=1)
    confidence, right = probabilities[np.arange(len(top)), top], top == truth
    ranked = _Ranked.of(confidence, right)
    return Automation(
        curve=tuple(ranked.at(int(end)) for end in np.unique(ranked.first_end(np.arange(1, 101) / 100))),
        table=tuple(_accepted(threshold, confidence >= np.float32(threshold), right) for threshold in THRESHOLDS),
        targets=_targets(ranked),
        thresholds=None if thresholds is None else _accepted(None, confidence >= thresholds[top], right),
    )


class _Ranked:
    """Answers by probability, highest first. `ends`: where a probability ends, since equal ones are accepted together; `hits`: how many are
    right up to there."""

    def __init__(self, confidence: NDArray[np.float32], ends: Ints, hits: Ints) -> None:
        self.confidence, self.ends, self.hits = confidence, ends, hits

    @classmethod
    def of(cls, confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> _Ranked:
        order = np.argsort(-confidence, kind="stable")
        ranked = confidence[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        return cls(ranked[ends], ends, np.cumsum(right[order], dtype=np.int64)[ends])

    def first_end(self, shares: NDArray[np.float64]) -> Ints:
        """The first end with at least such a share of the answers."""
        wanted = np.ceil(shares * (self.ends[-1] + 1) - 1e-9) - 1
        return np.asarray(np.searchsorted(self.ends, wanted))

    def at(self, end: int) -> Accepted:
        n = int(self.ends[end]) + 1
        accuracy = share(int(self.hits[end]), n)
        return Accepted(float(self.confidence[end]), n / (int(self.ends[-1]) + 1), accuracy)


def _accepted(threshold: float | None, accepted: NDArray[np.bool_], right: NDArray[np.bool_]) -> Accepted:
    n = int(accepted.sum())
    return Accepted(threshold, n / len(right), share(int((accepted & right).sum()), n))


def _targets(ranked: _Ranked) -> Mapping[str, Accepted | None]:
    accuracy = ranked.hits / (ranked.ends + 1)
    reached = {target: np.flatnonzero(accuracy >= target) for target in TARGETS}
    return {f"{target:g}": ranked.at(int(ends[-1])) if len(ends) else None for target, ends in reached.items()}
