"""Precision, recall, F1 and average precision per class, and their means, with intervals."""

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
    """Metrics of K classes, by the name of the metric; NaN where a metric is undefined.

    `values` are (K,) each, `samples` (RESAMPLES, K) each. `support` and `predicted` are (K,).
    """

    classes: tuple[str, ...]
    support: Int64Array
    predicted: Int64Array
    values: dict[str, Float64Array]
    samples: dict[str, Float64Array]

    def by_class(self) -> tuple[ClassScores, ...]:
        """Return the scores of each class with 95 % intervals."""
        columns = [
            _apply_exact_intervals(
                metric,
                bootstrap_estimates(self.values[metric], self.samples[metric]),
                self.support,
                self.predicted,
            )
            for metric in METRICS
        ]
        counts = zip(
            self.classes, self.support.tolist(), self.predicted.tolist(), *columns, strict=True
        )
        return tuple(ClassScores(*row) for row in counts)

    def macro(self, mask: NDArray[np.bool_] | None = None) -> Means:
        """Return unweighted means over the classes that occur, limited to `mask` (K,) if given."""
        occurs = self.support > 0
        return self._means((occurs if mask is None else occurs & mask).astype(np.float64))

    def weighted(self) -> Means:
        """Return means over classes weighted by their support."""
        return self._means(self.support.astype(np.float64))

    def _means(self, weights: Float64Array) -> Means:
        values = np.array(
            [_weighted_mean(self.values[metric][None], weights, metric)[0] for metric in METRICS]
        )
        samples = np.stack(
            [_weighted_mean(self.samples[metric], weights, metric) for metric in METRICS], axis=1
        )
        found: list[Estimate] = bootstrap_estimates(values, samples)
        return Means(**dict(zip([one.name for one in fields(Means)], found, strict=True)))


def compute_class_metrics(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    classes: tuple[str, ...],
    bootstrap: ClusterBootstrap,
) -> ClassMetricArrays:
    """Compute all metrics per class.

    `truth` (N,) has no missing values, `probabilities` are (N, K).
    """
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
    supports = bootstrap.counts(truth.astype(np.int64), count)
    predictions = bootstrap.counts(top, count)
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
            "precision": ratio(hits, predictions),
            "recall": ratio(hits, supports),
            "f1": ratio(2 * hits, predictions + supports),
            "average_precision": np.stack([samples for _, samples in average], axis=1),
        },
    )


def average_precision(
    positive: NDArray[np.bool_], probability: NDArray[np.float32], bootstrap: ClusterBootstrap
) -> tuple[float, Float64Array]:
    """Return the average precision and its value in each resample; NaN without positives.

    It is the mean precision at the probability of each positive, as in scikit-learn's
    `average_precision_score`. Only predictions at least as probable as the least probable positive
    matter, so a class with a million predictions needs no full sort. For the resamples, positives
    of neighbouring rank are grouped into at most MAX_BLOCKS blocks.
    """
    steps, of_each = np.unique(probability[positive], return_counts=True)
    if not len(steps):
        return float("nan"), np.full(RESAMPLES, np.nan)
    near = probability >= steps[0]
    step = np.searchsorted(steps, probability[near], side="right") - 1
    value = _average_precision(of_each[None], np.bincount(step, minlength=len(steps))[None])[0]
    block = (np.cumsum(of_each) - of_each) * min(len(steps), MAX_BLOCKS) // of_each.sum()
    block = np.unique(block, return_inverse=True)[1]
    blocks = int(block[-1]) + 1
    resamples = ClusterBootstrap(bootstrap.cluster[near], bootstrap.weights)
    positives = resamples.counts(block[step], blocks, positive[near])
    totals = resamples.counts(block[step], blocks)
    blocked = _average_precision(
        np.bincount(block, of_each, blocks)[None], np.bincount(block[step], minlength=blocks)[None]
    )[0]
    return float(value), np.clip(_average_precision(positives, totals) + (value - blocked), 0, 1)


def _apply_exact_intervals(
    metric: str, found: list[Estimate], support: Int64Array, predicted: Int64Array
) -> list[Estimate]:
    """Replace the intervals of estimates that are 0 or 1 with Clopper-Pearson intervals.

    There all resamples agree, so the bootstrap gives no interval. The interval of
    F1 = 2 J / (1 + J) follows from that of the Jaccard index J.
    """
    sizes = {"precision": predicted, "recall": support, "f1": support + predicted}.get(metric)
    if sizes is None:
        return found
    return [
        _exact_interval(estimate, int(n), metric == "f1")
        for estimate, n in zip(found, sizes, strict=True)
    ]


def _exact_interval(estimate: Estimate, n: int, is_f1: bool) -> Estimate:
    if estimate.value not in (0, 1):
        return estimate
    if not is_f1:
        return proportion(n * int(estimate.value), n)
    union = n // 2 if estimate.value else n
    jaccard = proportion(union * int(estimate.value), union)
    low, high = (2 * bound / (1 + bound) for bound in (jaccard.low, jaccard.high))
    return Estimate(estimate.value, low, high)


def _average_precision(positives: NDArray[np.generic], totals: NDArray[np.generic]) -> Float64Array:
    """Return the average precision (M,) of M rows.

    The rows hold counts (M, steps) of positives and of all predictions, in ascending order of
    probability.
    """
    hits = np.cumsum(positives[:, ::-1], axis=1, dtype=np.float64)
    predicted = np.cumsum(totals[:, ::-1], axis=1, dtype=np.float64)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    return ratio((precision * positives[:, ::-1]).sum(axis=1), hits[:, -1])


def ratio(part: Float64Array, whole: Float64Array) -> Float64Array:
    """Divide elementwise; NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _weighted_mean(values: Float64Array, weights: Float64Array, metric: str) -> Float64Array:
    """Return weighted means of the rows of `values` (M, K).

    NaN counts as 0 in a precision, and is left out of other metrics.
    """
    chosen = weights > 0
    kept = values[:, chosen]
    exists = np.ones_like(kept) if metric == "precision" else (~np.isnan(kept)).astype(np.float64)
    weight = exists * weights[chosen]
    return ratio((np.nan_to_num(kept) * weight).sum(axis=1), weight.sum(axis=1))


def rare_classes(counts: Sequence[int]) -> NDArray[np.bool_]:
    """Return which classes occur, but less than a tenth as often as the mean occurring class."""
    numbers = np.asarray(counts)
    occurs = numbers > 0
    return occurs & (numbers < 0.1 * (numbers[occurs].mean() if occurs.any() else 0))
