"""Confidence thresholds per class with a promised precision, for one label and unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.threshold_promise import ClassThreshold
from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.statistics.clusters import Scope
from ctc.evaluation.statistics.exact import Int64Array
from ctc.evaluation.statistics.korn_graubard import (
    ClusterCounts,
    effective_size,
    intraclass_correlation,
)
from ctc.evaluation.statistics.promises import (
    FIRST_PART,
    MIN_LOCATIONS,
    Cut,
    Refusal,
    deepest_cut,
    needed_answers,
)
from ctc.reporting import counted

SLACK = 5e-4
"""Most that a threshold is below the last accepted probability: more than a calibrated model's
probabilities, also in float16, differ from those of the fit by rounding."""


@dataclass(frozen=True)
class Answers:
    """N answers with a known truth, FOREIGN included, and what they are evidence of.

    `truth` (N,), `probabilities` (N, classes); `cluster` (N,): see `Clusters.of_scope`; `event`,
    `location` (N,): of each, location −1 where it is unknown; `day` (N,): texts, '' likewise.
    """

    truth: Int32Array
    probabilities: ProbabilityMatrix
    cluster: Int64Array
    event: Int32Array
    location: Int64Array
    day: NDArray[np.str_]

    @cached_property
    def top(self) -> Int64Array:
        """The number of each answer's class, (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def correlation(self) -> float | None:
        """How alike answers of one cluster are in being right, pooled over the classes."""
        right = self.top == self.truth
        return intraclass_correlation(
            *(ClusterCounts.count(self.cluster, right, self.top == one) for one in set(self.top))
        )


@dataclass(frozen=True)
class Goal:
    """What is promised of each threshold: the precision, save with the chance `tail`, in a scope.

    `joint` classes share the chance that is allowed, `tail` is the part of each.
    """

    precision: float
    tail: float
    scope: Scope
    joint: int = 1

    @property
    def needed(self) -> int:
        """The fewest answers that can prove anything, all of them right."""
        return needed_answers(self.precision, self.tail)

    @property
    def min_clusters(self) -> int:
        """The fewest clusters that can prove anything."""
        return MIN_LOCATIONS if self.scope == "new locations" else 2


def provable_classes(answers: Answers, goal: Goal) -> int:
    """Return how many classes have answers enough for a promise, whether they are right or not."""
    return sum(
        int(chosen.sum()) >= goal.needed
        and len(np.unique(answers.cluster[chosen])) >= goal.min_clusters
        for chosen in (answers.top == one for one in range(answers.probabilities.shape[1]))
    )


def class_thresholds(
    answers: Answers, classes: Sequence[str], goal: Goal
) -> tuple[ClassThreshold, ...]:
    """Find, for each class, the lowest threshold that is proven to have the precision.

    Or why there is none; see `deepest_cut`.
    """
    return tuple(
        _class_threshold(answers, number, name, goal) for number, name in enumerate(classes)
    )


def _class_threshold(answers: Answers, number: int, name: str, goal: Goal) -> ClassThreshold:
    chosen = np.flatnonzero(answers.top == number)
    events, locations = len(np.unique(answers.event[chosen])), _known(answers.location[chosen])
    if not len(chosen):
        return ClassThreshold(name, 0, 0, refusal="never predicted")
    score, right = answers.probabilities[chosen, number], answers.truth[chosen] == number
    cut = deepest_cut(
        score,
        right,
        answers.cluster[chosen],
        goal.precision,
        goal.tail,
        answers.correlation,
        goal.min_clusters,
    )
    if not isinstance(cut, Cut):
        why = "; ".join(_reasons(cut, answers, chosen, int(right.sum()), goal))
        return ClassThreshold(name, len(chosen), events, locations=locations, refusal=why)
    return ClassThreshold(
        name,
        len(chosen),
        events,
        _threshold(score, cut.score),
        cut.accepted,
        cut.share,
        cut.at_least,
        _known(answers.location[chosen[score >= np.float32(cut.score)]]),
    )


def _threshold(score: NDArray[np.float32], last: float) -> float:
    """Return a threshold between the last accepted score and the next, near the first.

    So rounding does not change what is accepted. It is a float32, as scores are compared.
    """
    below = score[score < np.float32(last)]
    gap = last - float(below.max()) if len(below) else last
    return float(np.float32(last - min(gap / 2, SLACK)))


def _known(location: Int64Array) -> int:
    return len(np.unique(location[location >= 0]))


def _reasons(
    refusal: Refusal, answers: Answers, chosen: Int64Array, right: int, goal: Goal
) -> Iterator[str]:
    """Yield in words, with numbers, why nothing is promised about the `chosen` answers."""
    n = counted(len(chosen), "answer")
    clusters = len(np.unique(answers.cluster[chosen]))
    of = counted(clusters, "location" if goal.scope == "new locations" else "run")
    locations = _known(answers.location[chosen])
    if refusal == "one run":
        days = np.unique(answers.day[chosen])
        when = f" on {counted(len(days), 'day')}" if len(days) and all(days) else ""
        where = "one location" if locations == 1 else "photos without a location"
        alike = where if goal.scope == "new locations" else "one run of photos"
        yield f"{n}, but all from {alike}{when}"
    elif refusal == "too few locations":
        yield f"{n}, but from {of}, {goal.min_clusters} are needed"
    elif refusal == "too few":
        counts = ClusterCounts.count(answers.cluster[chosen], np.ones(len(chosen), bool))
        tail = goal.tail * FIRST_PART
        worth = effective_size(counts, tail, answers.correlation, cautious=True)
        alike = "" if len(chosen) < goal.needed else f" of {of}, which count as {int(worth):,}"
        yield f"{n}{alike}, at least {goal.needed} are needed"
    else:
        yield f"{right:,} of {n} right, of {of}: no precision of {goal.precision:.0%} is proven"
