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
from ctc.evaluation.metrics.average_precision import average_precision
from ctc.evaluation.metrics.class_metrics import ClassMetricArrays, LeftOut, precision_recall_f1
from ctc.evaluation.metrics.estimator import Estimator, ScopedClusters
from ctc.evaluation.metrics.evaluation import (
    Estimate,
    MultiLabelEvaluation,
    MultiLabelScores,
    RareClasses,
)
from ctc.evaluation.statistics.clusters import Clusters
from ctc.evaluation.statistics.exact import Float64Array

BoolMatrix = NDArray[np.bool_]


def evaluate_multi_label(
    data: EvaluationData,
    label: str,
    clusters: Clusters,
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
                predictions, truth[predictions.event], label, classes, clusters, lowest, find_rare
            )
    return MultiLabelEvaluation(classes, data.foreign.get(label, {}), units)


def _unit_scores(
    predictions: UnitPredictions,
    rows: MultiHot,
    label: str,
    classes: tuple[str, ...],
    clusters: Clusters,
    thresholds: NDArray[np.float32],
    find_rare: Callable[[ClassMetricArrays], RareClasses],
) -> MultiLabelScores:
    kept = np.flatnonzero(rows[:, 0] != MISSING)
    y_true, probabilities = rows[kept] == 1, predictions.probabilities[label][kept]
    y_pred = probabilities >= thresholds
    exact = (y_true == y_pred).all(axis=1)
    estimator = Estimator.from_events(clusters, predictions.event[kept], exact)
    scores = _class_metrics(y_true, y_pred, probabilities, classes, estimator)
    return MultiLabelScores(
        n=len(kept),
        missing=len(rows) - len(kept),
        top_1=estimator.proportion(y_true[np.arange(len(kept)), probabilities.argmax(axis=1)]),
        exact=estimator.proportion(exact),
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
    estimator: Estimator,
) -> ClassMetricArrays:
    """Compute class metrics from the present (`y_true`) and predicted classes, (N, K) each."""
    average = [
        average_precision(y_true[:, number], probabilities[:, number], estimator)
        for number in range(len(classes))
    ]
    left_out = []
    for scope, averages in zip(
        estimator.scopes, zip(*(samples for _, samples in average), strict=True), strict=True
    ):
        hits, support, predicted = (
            _left_out_counts(scope, flags) for flags in (y_true & y_pred, y_true, y_pred)
        )
        metrics = precision_recall_f1(hits, support, predicted)
        left_out.append(
            LeftOut(metrics | {"average_precision": np.stack(averages, axis=1)}, support)
        )
    return ClassMetricArrays(
        classes,
        y_true.sum(axis=0),
        y_pred.sum(axis=0),
        _class_estimates(y_true, y_pred, estimator)
        | {"average_precision": [found for found, _ in average]},
        tuple(left_out),
        estimator,
        _found_share(y_true, y_pred, estimator),
    )


def _class_estimates(
    y_true: BoolMatrix, y_pred: BoolMatrix, estimator: Estimator
) -> dict[str, list[Estimate]]:
    found: dict[str, list[Estimate]] = {"precision": [], "recall": [], "f1": []}
    for true, called in zip(y_true.T, y_pred.T, strict=True):
        hit = true & called
        found["precision"].append(estimator.proportion(hit, np.flatnonzero(called)))
        found["recall"].append(estimator.proportion(hit, np.flatnonzero(true)))
        found["f1"].append(estimator.f1(hit, np.flatnonzero(true | called)))
    return found


def _found_share(y_true: BoolMatrix, y_pred: BoolMatrix, estimator: Estimator) -> Estimate:
    """Return the share of all present classes that are predicted."""
    row, number = np.nonzero(y_true)
    scopes = (
        ScopedClusters(one.scope, one.cluster[row], one.correlation) for one in estimator.scopes
    )
    return Estimator(tuple(scopes)).proportion(y_pred[row, number])


def _left_out_counts(scope: ScopedClusters, flags: BoolMatrix) -> Float64Array:
    """Return how often each class is flagged without each group, (groups, K)."""
    row, number = np.nonzero(flags)
    return scope.jackknife.counts(number, flags.shape[1], row)


def _presence_thresholds(
    thresholds: Mapping[str, float | None] | None, classes: tuple[str, ...]
) -> NDArray[np.float32]:
    """Return the presence threshold of each class, (K,); infinite where none suffices."""
    values = [(thresholds or {}).get(name, PRESENCE_THRESHOLD) for name in classes]
    return np.array([np.inf if value is None else value for value in values], np.float32)
