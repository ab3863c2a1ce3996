"""Precision, recall, F1 and average precision per class, and their means, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.average_precision import average_precision
from ctc.evaluation.metrics.estimator import Estimator, estimate
from ctc.evaluation.metrics.evaluation import ClassScores, Estimate, Means
from ctc.evaluation.metrics.ratios import ratio
from ctc.evaluation.statistics.exact import Float64Array, Int64Array

METRICS = ("precision", "recall", "f1", "average_precision")

MetricArrays = Mapping[str, Float64Array]
BoolMatrix = NDArray[np.bool_]


@dataclass(frozen=True)
class LeftOut:
    """Metrics without each group of a jackknife, (groups, K) each, and the supports there."""

    metrics: MetricArrays
    support: Float64Array


@dataclass(frozen=True)
class ClassMetricArrays:
    """Metrics of K classes, by the name of the metric; NaN where a metric is undefined.

    `estimates` and `values` are (K,) each, `support` and `predicted` too. `left_out` has an entry
    per scope of `estimator`. `found`: the share of all true classes that was found.
    """

    classes: tuple[str, ...]
    support: Int64Array
    predicted: Int64Array
    estimates: Mapping[str, Sequence[Estimate]]
    left_out: tuple[LeftOut, ...]
    estimator: Estimator
    found: Estimate

    @property
    def values(self) -> MetricArrays:
        """The values of the estimates, (K,) each."""
        return {
            metric: np.array([one.value for one in found], np.float64)
            for metric, found in self.estimates.items()
        }

    def by_class(self) -> tuple[ClassScores, ...]:
        """Return the scores of each class with 95 % intervals."""
        columns = [self.estimates[metric] for metric in METRICS]
        counts = (self.classes, self.support.tolist(), self.predicted.tolist())
        return tuple(ClassScores(*row) for row in zip(*counts, *columns, strict=True))

    def macro(self, mask: NDArray[np.bool_] | None = None) -> Means:
        """Return unweighted means over the classes that occur, limited to `mask` (K,) if given."""
        occurs = self.support > 0
        chosen = (occurs if mask is None else occurs & mask).astype(np.float64)
        return Means(*(self._mean(metric, chosen, by_support=False) for metric in METRICS))

    def weighted(self) -> Means:
        """Return means over classes weighted by their support; of the recall, `found`."""
        weights = self.support.astype(np.float64)
        means = {metric: self._mean(metric, weights, by_support=True) for metric in METRICS}
        return Means(**{**means, "recall": self.found})

    def _mean(self, metric: str, weights: Float64Array, by_support: bool) -> Estimate:
        value = _weighted_mean(self.values[metric][None], weights[None], metric)[0]
        left_out = [
            _weighted_mean(
                one.metrics[metric],
                one.support if by_support else weights * (one.support > 0),
                metric,
            )
            for one in self.left_out
        ]
        found = self.estimator.jackknifed(float(value), left_out)
        return found if 0 < value < 1 else self._agreeing_mean(metric, float(value), weights)

    def _agreeing_mean(self, metric: str, value: float, weights: Float64Array) -> Estimate:
        """Return a mean of 0 or 1, whose interval is the mean of those of the classes."""
        ends = np.array(
            [[one.low, one.high, one.new_low, one.new_high] for one in self.estimates[metric]]
        )
        chosen = (weights > 0) & ~np.isnan(self.values[metric])
        if not chosen.any():
            return Estimate(value, *[float("nan")] * 4)
        means = np.average(ends[chosen], axis=0, weights=weights[chosen])
        return estimate(value, [(float(means[0]), float(means[1])), (means[2], means[3])])


def compute_class_metrics(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    classes: tuple[str, ...],
    estimator: Estimator,
) -> ClassMetricArrays:
    """Compute all metrics per class.

    `truth` (N,) has no missing values, `probabilities` are (N, K).
    """
    count = len(classes)
    top, right = probabilities.argmax(axis=1), probabilities.argmax(axis=1) == truth
    all_truth = truth.astype(np.int64)
    true_rows, top_rows = _rows_by_class(all_truth, count), _rows_by_class(top, count)
    average = [
        average_precision(truth == number, probabilities[:, number], estimator)
        for number in range(count)
    ]
    left_out = []
    for scope, averages in zip(
        estimator.scopes, zip(*(samples for _, samples in average), strict=True), strict=True
    ):
        counts = scope.jackknife.counts
        hits = counts(top[right], count, right)
        metrics = precision_recall_f1(hits, counts(all_truth, count), counts(top, count))
        metrics["average_precision"] = np.stack(averages, axis=1)
        left_out.append(LeftOut(metrics, counts(all_truth, count)))
    unions = [
        np.concatenate([true, called[~right[called]]])
        for true, called in zip(true_rows, top_rows, strict=True)
    ]
    hit_of = [right & (truth == number) for number in range(count)]
    return ClassMetricArrays(
        classes,
        np.bincount(truth, minlength=count),
        np.bincount(top, minlength=count),
        {
            "precision": [estimator.proportion(right, rows) for rows in top_rows],
            "recall": [estimator.proportion(right, rows) for rows in true_rows],
            "f1": [estimator.f1(hit, union) for hit, union in zip(hit_of, unions, strict=True)],
            "average_precision": [found for found, _ in average],
        },
        tuple(left_out),
        estimator,
        estimator.proportion(right),
    )


def precision_recall_f1(
    hits: NDArray[np.generic], support: NDArray[np.generic], predicted: NDArray[np.generic]
) -> dict[str, Float64Array]:
    """Return the metrics of counts of any shape; NaN where undefined."""
    right, true, called = (np.asarray(counts, np.float64) for counts in (hits, support, predicted))
    return {
        "precision": ratio(right, called),
        "recall": ratio(right, true),
        "f1": ratio(2 * right, true + called),
    }


def _rows_by_class(classes: Int64Array, count: int) -> list[Int64Array]:
    """Return the rows of each class, ascending."""
    order = np.argsort(classes, kind="stable")
    ends = np.cumsum(np.bincount(classes, minlength=count))[:-1]
    return np.split(order, ends)


def _weighted_mean(values: Float64Array, weights: Float64Array, metric: str) -> Float64Array:
    """Return weighted means of the rows of `values` (M, K); `weights` are (M, K) or (1, K).

    NaN counts as 0 in a precision, and is left out of other metrics.
    """
    exists = np.ones_like(values) if metric == "precision" else (~np.isnan(values)).astype(float)
    weight = exists * weights
    return ratio((np.nan_to_num(values) * weight).sum(axis=1), weight.sum(axis=1))


def rare_classes(counts: Sequence[int]) -> NDArray[np.bool_]:
    """Return which classes occur, but less than a tenth as often as the mean occurring class."""
    numbers = np.asarray(counts)
    occurs = numbers > 0
    return occurs & (numbers < 0.1 * (numbers[occurs].mean() if occurs.any() else 0))
