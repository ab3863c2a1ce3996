"""Metrics of labels that may have several classes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.evaluation.answers.multi_label_truth import MultiHot
from ctc.evaluation.answers.predictions import (
    UNITS,
    EvaluationData,
    ProbabilityMatrix,
    UnitPredictions,
)
from ctc.evaluation.metrics.class_metrics import ClassMetricArrays, average_precision, ratio
from ctc.evaluation.metrics.evaluation import MultiLabelEvaluation, MultiLabelScores, RareClasses
from ctc.evaluation.metrics.intervals import ClusterBootstrap, Int64Array, proportion

BoolMatrix = NDArray[np.bool_]


def evaluate_multi_label(
    data: EvaluationData,
    label: str,
    thresholds: Mapping[str, float | None] | None,
    find_rare: Callable[[ClassMetricArrays], RareClasses],
) -> MultiLabelEvaluation:
    """Compute the metrics of a multi-label label, per event and per photo.

    `thresholds` are the model's own by class, None if it has none. `find_rare` selects the rare
    classes and computes their means.
    """
    classes, truth = data.classes[label], data.multi_label[label]
    lowest = _presence_thresholds(thresholds, classes)
    units = {}
    for unit in UNITS:
        predictions = data.for_unit(unit)
        if predictions is not None and (truth[predictions.event] != MISSING).any():
            units[unit] = _unit_scores(
                predictions, truth[predictions.event], label, classes, lowest, find_rare
            )
    return MultiLabelEvaluation(classes, data.foreign.get(label, {}), units)


def _unit_scores(
    predictions: UnitPredictions,
    rows: MultiHot,
    label: str,
    classes: tuple[str, ...],
    thresholds: NDArray[np.float32],
    find_rare: Callable[[ClassMetricArrays], RareClasses],
) -> MultiLabelScores:
    kept = np.flatnonzero(rows[:, 0] != MISSING)
    y_true, probabilities = rows[kept] == 1, predictions.probabilities[label][kept]
    y_pred = probabilities >= thresholds
    bootstrap = ClusterBootstrap.from_events(predictions.event[kept])
    scores = _class_metrics(y_true, y_pred, probabilities, classes, bootstrap)
    top = y_true[np.arange(len(kept)), probabilities.argmax(axis=1)]
    return MultiLabelScores(
        n=len(kept),
        missing=len(rows) - len(kept),
        top_1=proportion(int(top.sum()), len(kept)),
        exact=proportion(int((y_true == y_pred).all(axis=1).sum()), len(kept)),
        classes=scores.by_class(),
        macro=scores.macro(),
        weighted=scores.weighted(),
        rare=find_rare(scores),
    )


def _class_metrics(
    y_true: BoolMatrix,
    y_pred: BoolMatrix,
    probabilities: ProbabilityMatrix,
    classes: tuple[str, ...],
    bootstrap: ClusterBootstrap,
) -> ClassMetricArrays:
    """Compute class metrics from the present (`y_true`) and predicted classes, (N, K) each."""

    def counts(flags: BoolMatrix) -> tuple[Int64Array, NDArray[np.float64]]:
        """Return the counts per class, (K,), and in each resample, (RESAMPLES, K)."""
        row, number = np.nonzero(flags)
        resampled = ClusterBootstrap(bootstrap.cluster[row], bootstrap.weights).counts(
            number, len(classes)
        )
        return flags.sum(axis=0), resampled

    (hits, all_hits), (support, all_support), (predicted, all_predicted) = map(
        counts, (y_true & y_pred, y_true, y_pred)
    )
    average = [
        average_precision(y_true[:, number], probabilities[:, number], bootstrap)
        for number in range(len(classes))
    ]
    return ClassMetricArrays(
        classes,
        support,
        predicted,
        _precision_recall_f1(hits, support, predicted)
        | {"average_precision": np.array([value for value, _ in average])},
        _precision_recall_f1(all_hits, all_support, all_predicted)
        | {"average_precision": np.stack([samples for _, samples in average], axis=1)},
    )


def _precision_recall_f1(
    hits: NDArray[np.generic], support: NDArray[np.generic], predicted: NDArray[np.generic]
) -> dict[str, NDArray[np.float64]]:
    right, true, called = (np.asarray(counts, np.float64) for counts in (hits, support, predicted))
    return {
        "precision": ratio(right, called),
        "recall": ratio(right, true),
        "f1": ratio(2 * right, true + called),
    }


def _presence_thresholds(
    thresholds: Mapping[str, float | None] | None, classes: tuple[str, ...]
) -> NDArray[np.float32]:
    """Return the presence threshold of each class, (K,); infinite where none suffices."""
    values = [(thresholds or {}).get(name, PRESENCE_THRESHOLD) for name in classes]
    return np.array([np.inf if value is None else value for value in values], np.float32)
