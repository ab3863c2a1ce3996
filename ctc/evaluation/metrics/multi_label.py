"""Labels that may have several classes at once: their truth, and how well it is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.evaluation.answers.collector import value_counts
from ctc.evaluation.answers.predictions import (
    UNITS,
    EvaluationData,
    ProbabilityMatrix,
    UnitPredictions,
)
from ctc.evaluation.metrics.class_metrics import ClassMetricArrays, average_precision, ratio
from ctc.evaluation.metrics.evaluation import MultiLabelEvaluation, MultiLabelScores, RareClasses
from ctc.evaluation.metrics.intervals import ClusterBootstrap, Int64Array, proportion

MultiHot = NDArray[np.int8]
BoolMatrix = NDArray[np.bool_]


def encode_multi_hot(
    class_sets: Sequence[Collection[str]], classes: tuple[str, ...]
) -> tuple[MultiHot, Mapping[str, int]]:
    """The truth as `EvaluationData.multi_label` has it, of events that show these classes (none:
    missing); and the classes that the model doesn't know, with their events."""
    known = {name: number for number, name in enumerate(classes)}
    rows = np.full((len(class_sets), len(classes)), MISSING, np.int8)
    for row, names in enumerate(class_sets):
        if names:
            rows[row] = 0
            rows[row, [known[name] for name in names if name in known]] = 1
    return rows, value_counts(name for names in class_sets for name in set(names) - known.keys())


def evaluate_multi_label(
    data: EvaluationData,
    label: str,
    thresholds: Mapping[str, float | None] | None,
    find_rare: Callable[[ClassMetricArrays], RareClasses],
) -> MultiLabelEvaluation:
    """`thresholds`: the model's own by class, if it has some; `find_rare`: which classes are."""
    classes, of_events = data.classes[label], data.multi_label[label]
    lowest = _presence_thresholds(thresholds, classes)
    units = {}
    for unit in UNITS:
        answers = data.for_unit(unit)
        if answers is not None and (of_events[answers.event] != MISSING).any():
            units[unit] = _unit_scores(
                answers, of_events[answers.event], label, classes, lowest, find_rare
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
    there, probabilities = rows[kept] == 1, predictions.probabilities[label][kept]
    said = probabilities >= thresholds
    scores = _class_metrics(
        there, said, probabilities, classes, ClusterBootstrap.from_events(predictions.event[kept])
    )
    top = there[np.arange(len(kept)), probabilities.argmax(axis=1)]
    return MultiLabelScores(
        n=len(kept),
        missing=len(rows) - len(kept),
        top_1=proportion(int(top.sum()), len(kept)),
        exact=proportion(int((there == said).all(axis=1).sum()), len(kept)),
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
    """`y_true`, `y_pred` (N, K): what is true and what is told of each class."""

    def counts(flags: BoolMatrix) -> tuple[Int64Array, NDArray[np.float64]]:
        """(K,), and (RESAMPLES, K)."""
        answer, number = np.nonzero(flags)
        drawn = ClusterBootstrap(bootstrap.cluster[answer], bootstrap.weights).counts(
            number, len(classes)
        )
        return flags.sum(axis=0), drawn

    (hits, some_hits), (support, some_support), (predicted, some_predicted) = map(
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
        _precision_recall_f1(some_hits, some_support, some_predicted)
        | {"average_precision": np.stack([samples for _, samples in average], axis=1)},
    )


def _precision_recall_f1(
    hits: NDArray[np.generic], support: NDArray[np.generic], predicted: NDArray[np.generic]
) -> dict[str, NDArray[np.float64]]:
    right, there, said = (np.asarray(counts, np.float64) for counts in (hits, support, predicted))
    return {
        "precision": ratio(right, said),
        "recall": ratio(right, there),
        "f1": ratio(2 * right, there + said),
    }


def _presence_thresholds(
    thresholds: Mapping[str, float | None] | None, classes: tuple[str, ...]
) -> NDArray[np.float32]:
    """(K,): from which probability on a class is there; infinity where none will do."""
    own = [(thresholds or {}).get(name, PRESENCE_THRESHOLD) for name in classes]
    return np.array([np.inf if one is None else one for one in own], np.float32)
