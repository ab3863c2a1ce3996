"""Precision, recall, F1 and average precision of each class, and their means, with bootstrap
intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.evaluation import ClassScores, Estimate, Means
from ctc.evaluation.metrics.intervals import (
    RESAMPLES,
    ClusterBootstrap,
    Float64Array,
    Int64Array,
    bootstrap_estimates,
    proportion,
)

MAX_BLOCKS = 256
METRICS = ("precision", "recall", "f1", "average_precision")


@dataclass(frozen=True)
class ClassMetricArrays:
    """Figures of K classes: `values` each (K,), `samples` each (RESAMPLES, K), by the name of the
    figure; NaN where there is none."""

    classes: tuple[str, ...]
    support: Int64Array
    predicted: Int64Array
    values: dict[str, Float64Array]
    samples: dict[str, Float64Array]

    def by_class(self) -> tuple[ClassScores, ...]:
        columns = [
            _apply_exact_intervals(
                figure,
                bootstrap_estimates(self.values[figure], self.samples[figure]),
                self.support,
                self.predicted,
            )
            for figure in METRICS
        ]
        counts = zip(
            self.classes, self.support.tolist(), self.predicted.tolist(), *columns, strict=True
        )
        return tuple(ClassScores(*row) for row in counts)

    def macro(self, mask: NDArray[np.bool_] | None = None) -> Means:
        """Unweighted means over the classes that occur, or those of them `mask` these (K,)."""
        occurs = self.support > 0
        return self._means((occurs if mask is None else occurs & mask).astype(np.float64))

    def weighted(self) -> Means:
        """Means in which each class weighs as often as it occurs."""
        return self._means(self.support.astype(np.float64))

    def _means(self, weights: Float64Array) -> Means:
        values = np.array(
            [_weighted_mean(self.values[figure][None], weights, figure)[0] for figure in METRICS]
        )
        samples = np.stack(
            [_weighted_mean(self.samples[figure], weights, figure) for figure in METRICS], axis=1
        )
        found: list[Estimate] = bootstrap_estimates(values, samples)
        return Means(**dict(zip([one.name for one in fields(Means)], found, strict=True)))


def compute_class_metrics(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    classes: tuple[str, ...],
    bootstrap: ClusterBootstrap,
) -> ClassMetricArrays:
    """`truth` (N,) without missing values, `probabilities` (N, K)."""
    from sklearn.metrics import precision_recall_fscore_support

    count = len(classes)
    top = probabilities.argmax(axis=1)
    numbers = np.arange(count)
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, top, labels=numbers, zero_division=np.nan
    )
    support, predicted = np.bincount(truth, minlength=count), np.bincount(top, minlength=count)
    average = [
        average_precision(truth == number, probabilities[:, number], bootstrap)
        for number in numbers
    ]
    hits = bootstrap.counts(top, count, top == truth)
    occurred, said = bootstrap.counts(truth.astype(np.int64), count), bootstrap.counts(top, count)
    return ClassMetricArrays(
        classes,
        support,
        predicted,
        dict(
            zip(
                METRICS,
                (precision, recall, f1, np.array([value for value, _ in average])),
                strict=True,
            )
        ),
        {
            "precision": ratio(hits, said),
            "recall": ratio(hits, occurred),
            "f1": ratio(2 * hits, said + occurred),
            "average_precision": np.stack([samples for _, samples in average], axis=1),
        },
    )


def average_precision(
    positive: NDArray[np.bool_], probability: NDArray[np.float32], bootstrap: ClusterBootstrap
) -> tuple[float, Float64Array]:
    """The mean precision over the positives, each at its own probability (scikit-learn's
    `average_precision_score`), and its value in each resample; NaN without positives.

    Only the answers from the least probable positive upwards matter, so that a class of a million
    answers takes a fraction of a sort. For the resamples, positives of neighbouring rank are taken
    in at most MOST_BLOCKS blocks."""
    steps, of_each = np.unique(probability[positive], return_counts=True)
    if not len(steps):
        return float("nan"), np.full(RESAMPLES, np.nan)
    near = probability >= steps[0]
    step = np.searchsorted(steps, probability[near], side="right") - 1
    value = _average_precision(of_each[None], np.bincount(step, minlength=len(steps))[None])[0]
    block = (np.cumsum(of_each) - of_each) * min(len(steps), MAX_BLOCKS) // of_each.sum()
    block = np.unique(block, return_inverse=True)[1]
    blocks = int(block[-1]) + 1
    among = ClusterBootstrap(bootstrap.cluster[near], bootstrap.weights)
    good = among.counts(block[step], blocks, positive[near])
    everything = among.counts(block[step], blocks)
    plain = _average_precision(
        np.bincount(block, of_each, blocks)[None], np.bincount(block[step], minlength=blocks)[None]
    )[0]
    return float(value), np.clip(_average_precision(good, everything) + (value - plain), 0, 1)


def _apply_exact_intervals(
    metric: str, found: list[Estimate], support: Int64Array, predicted: Int64Array
) -> list[Estimate]:
    """Where all or none are right, every resample says the same: the Clopper-Pearson interval takes
    the place of the bootstrap's.

    That of F1 = 2 J / (1 + J) comes from the one of the share J, right ones among those that are or
    are called so."""
    of = {"precision": predicted, "recall": support, "f1": support + predicted}.get(metric)
    if of is None:
        return found
    return [_exact_interval(one, int(n), metric == "f1") for one, n in zip(found, of, strict=True)]


def _exact_interval(estimate: Estimate, n: int, is_f1: bool) -> Estimate:
    if estimate.value not in (0, 1):
        return estimate
    if not is_f1:
        return proportion(n * int(estimate.value), n)
    among = n // 2 if estimate.value else n
    one = proportion(among * int(estimate.value), among)
    return Estimate(estimate.value, 2 * one.low / (1 + one.low), 2 * one.high / (1 + one.high))


def _average_precision(positives: NDArray[np.generic], totals: NDArray[np.generic]) -> Float64Array:
    """(M, steps) counts of positives and of all answers, in ascending order of probability, to
    (M,)."""
    above_good = np.cumsum(positives[:, ::-1], axis=1, dtype=np.float64)
    above_all = np.cumsum(totals[:, ::-1], axis=1, dtype=np.float64)
    precision = np.divide(above_good, above_all, out=np.zeros_like(above_good), where=above_all > 0)
    return ratio((precision * positives[:, ::-1]).sum(axis=1), above_good[:, -1])


def ratio(part: Float64Array, whole: Float64Array) -> Float64Array:
    """NaN of nothing."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _weighted_mean(values: Float64Array, weights: Float64Array, metric: str) -> Float64Array:
    """Weighted means of the rows of (M, K); NaN counts as 0 in a precision, else not at all."""
    chosen = weights > 0
    kept = values[:, chosen]
    exists = np.ones_like(kept) if metric == "precision" else (~np.isnan(kept)).astype(np.float64)
    weight = exists * weights[chosen]
    return ratio((np.nan_to_num(kept) * weight).sum(axis=1), weight.sum(axis=1))


def rare_classes(counts: Sequence[int]) -> NDArray[np.bool_]:
    """Which of the classes occur, but less than a tenth as often as the average class that does."""
    numbers = np.asarray(counts)
    occurs = numbers > 0
    return occurs & (numbers < 0.1 * (numbers[occurs].mean() if occurs.any() else 0))
