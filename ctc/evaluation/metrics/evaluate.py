"""Computation of all metrics from predictions and ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.artifacts.taxonomy import Taxonomy
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import (
    FOREIGN,
    UNITS,
    EvaluationData,
    Unit,
    UnitPredictions,
    is_known,
)
from ctc.evaluation.metrics.class_metrics import (
    ClassMetricArrays,
    compute_class_metrics,
    rare_classes,
)
from ctc.evaluation.metrics.coverage import compute_coverage
from ctc.evaluation.metrics.empty_removal import empty_removal
from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.metrics.evaluation import (
    Estimate,
    Evaluation,
    LabelEvaluation,
    MultiLabelEvaluation,
    RareClasses,
    UnitScores,
)
from ctc.evaluation.metrics.multi_label import evaluate_multi_label
from ctc.evaluation.metrics.ranks import rank_slices
from ctc.evaluation.metrics.reliability import reliability
from ctc.evaluation.metrics.slices import light_slices, location_slices, photo_count_slices
from ctc.evaluation.statistics.clusters import Clusters

TOP_K = 5


@dataclass(frozen=True)
class EvaluationContext:
    """What is known besides the predictions.

    `subject` describes what was evaluated on what. `train_counts` are, by label, the class counts
    of the training split in the order of the model's classes. `thresholds` are by label and class,
    None where no threshold suffices; `photo_thresholds`, for labels where they are others, those of
    photos and of events of one photo. `calibration` is that of the model's metadata, and
    `uncalibrated` are the predictions without it. `taxonomies`: by label, the lineages of classes.
    """

    subject: Mapping[str, Any] = field(default_factory=dict)
    train_counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    photo_thresholds: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    uncalibrated: EvaluationData | None = None
    taxonomies: Mapping[str, Taxonomy] = field(default_factory=dict)


def evaluate(
    data: EvaluationData, context: EvaluationContext, notes: tuple[str, ...] = ()
) -> Evaluation:
    """Compute all metrics; `notes` come first in those of the evaluation.

    Raises InputError for invalid probabilities, and if no prediction has a ground truth.
    """
    data.check_probabilities()
    clusters = Clusters.of_events(data)
    labels = {label: _evaluate_label(data, label, clusters, context) for label in data.truth}
    single = {label: found for label, found in labels.items() if found.units}
    several = {
        label: _evaluate_multi_label(data, label, clusters, context) for label in data.multi_label
    }
    several = {label: found for label, found in several.items() if found.units}
    if not single and not several:
        raise InputError(
            "no prediction can be compared: the ground truth of every label is missing, or a class"
            " that the model doesn't know"
        )
    return Evaluation(
        context.subject,
        events=len(data.event_ids),
        photos=None if data.photos is None else len(data.photos),
        labels=single,
        notes=(*notes, *_omission_notes(data, single, several)),
        calibration=context.calibration,
        multi_label=several,
    )


def _evaluate_multi_label(
    data: EvaluationData, label: str, clusters: Clusters, context: EvaluationContext
) -> MultiLabelEvaluation:
    rare = partial(_rare_class_means, train_counts=context.train_counts.get(label))
    return evaluate_multi_label(data, label, clusters, context.thresholds.get(label), rare)


def _evaluate_label(
    data: EvaluationData, label: str, clusters: Clusters, context: EvaluationContext
) -> LabelEvaluation:
    units: dict[Unit, UnitScores] = {}
    for unit in UNITS:
        predictions = data.for_unit(unit)
        if predictions is not None and is_known(data.truth[label][predictions.event]).any():
            units[unit] = _evaluate_unit(data, predictions, unit, label, clusters, context)
    return LabelEvaluation(data.classes[label], data.foreign.get(label, {}), units)


def _evaluate_unit(
    data: EvaluationData,
    predictions: UnitPredictions,
    unit: Unit,
    label: str,
    clusters: Clusters,
    context: EvaluationContext,
) -> UnitScores:
    classes, all_truth = data.classes[label], data.truth[label][predictions.event]
    kept = np.flatnonzero(is_known(all_truth))
    event, truth = predictions.event[kept], all_truth[kept]
    probabilities = predictions.probabilities[label][kept]
    top = probabilities.argmax(axis=1)
    estimator = Estimator.from_events(clusters, event, top == truth)
    scores = compute_class_metrics(truth, probabilities, classes, estimator)
    before = context.uncalibrated and context.uncalibrated.for_unit(unit)
    location = data.location[event].astype(np.int64)
    is_single = (data.photos_in_event[event] == 1) | (unit == "photo")
    thresholds = _own_thresholds(context, label, classes, top, is_single)
    return UnitScores(
        n=len(kept),
        missing=int((all_truth == MISSING).sum()),
        foreign=int((all_truth == FOREIGN).sum()),
        top_1=scores.found,
        top_5=estimator.proportion(top_k_share(truth, probabilities, TOP_K)),
        top_1_with_foreign=_top_1_with_foreign(
            clusters, predictions.event, all_truth, predictions.probabilities[label]
        ),
        classes=scores.by_class(),
        macro=scores.macro(),
        weighted=scores.weighted(),
        ranks=rank_slices(
            clusters,
            predictions.event,
            all_truth,
            data.foreign_names.get(label, {}),
            predictions.probabilities[label],
            classes,
            context.taxonomies.get(label, {}),
        ),
        confusion=_confusion_counts(truth, top, len(classes)),
        rare=_rare_class_means(scores, context.train_counts.get(label)),
        daylight=light_slices(data.light[event], truth, top, estimator),
        photos_in_event=photo_count_slices(data.photos_in_event[event], truth, top, estimator),
        locations=location_slices(data.locations, location, truth, top, estimator),
        reliability=reliability(truth, probabilities, estimator),
        uncalibrated=reliability(truth, before.probabilities[label][kept], estimator)
        if before
        else None,
        automation=compute_coverage(truth, probabilities, thresholds, estimator),
        empties=empty_removal(truth, probabilities, classes, estimator),
    )


def _top_1_with_foreign(
    clusters: Clusters,
    event: NDArray[np.int32],
    truth: NDArray[np.int32],
    probabilities: NDArray[np.float32],
) -> Estimate:
    """Return the accuracy where predictions of foreign classes count as wrong."""
    kept = truth != MISSING
    right = probabilities[kept].argmax(axis=1) == truth[kept]
    return Estimator.from_events(clusters, event[kept], right).proportion(right)


def top_k_share(
    truth: NDArray[np.int32], probabilities: NDArray[np.float32], k: int
) -> NDArray[np.float64]:
    """Return (N,) the chance, 0 to 1, that the truth is among the `k` most probable classes.

    Classes of equal probability share the places that they take together: of two classes that tie
    for the last place, each has it with a chance of 1/2.
    """
    p_truth = probabilities[np.arange(len(truth)), truth][:, None]
    places = k - (probabilities > p_truth).sum(axis=1)
    equal = (probabilities == p_truth).sum(axis=1)
    return np.asarray(np.clip(places / equal, 0, 1))


def _confusion_counts(
    truth: NDArray[np.int32], top: NDArray[np.int64], classes: int
) -> tuple[tuple[int, ...], ...]:
    from sklearn.metrics import confusion_matrix

    return tuple(map(tuple, confusion_matrix(truth, top, labels=np.arange(classes)).tolist()))


def _rare_class_means(
    scores: ClassMetricArrays, train_counts: tuple[int, ...] | None
) -> RareClasses:
    rare = rare_classes(train_counts or tuple(scores.support.tolist()))
    occurs = scores.support > 0
    names = tuple(
        name for name, chosen in zip(scores.classes, rare & occurs, strict=True) if chosen
    )
    means = [scores.macro(chosen) if (chosen & occurs).any() else None for chosen in (rare, ~rare)]
    return RareClasses(names, *means)


def _own_thresholds(
    context: EvaluationContext,
    label: str,
    classes: tuple[str, ...],
    top: NDArray[np.int64],
    is_single: NDArray[np.bool_],
) -> NDArray[np.float32] | None:
    """Return the threshold of each prediction's class `top` (N,), None if the model has none.

    `is_single` (N,): of one photo, for which those of photos hold if there are any.
    """
    events = _threshold_array(context.thresholds.get(label), classes)
    photos = _threshold_array(context.photo_thresholds.get(label), classes)
    if events is None:
        return None
    return events[top] if photos is None else np.where(is_single, photos[top], events[top])


def _threshold_array(
    values: Mapping[str, float | None] | None, classes: tuple[str, ...]
) -> NDArray[np.float32] | None:
    """Return the thresholds as an array (K,), infinite where no threshold suffices."""
    if not values:
        return None
    thresholds = [values.get(name, 0.0) for name in classes]
    return np.array([np.inf if value is None else value for value in thresholds], np.float32)


def _omission_notes(
    data: EvaluationData,
    single: Mapping[str, LabelEvaluation],
    several: Mapping[str, MultiLabelEvaluation],
) -> list[str]:
    """Describe which metrics are left out, and why."""
    return [
        *_missing_facts(data),
        *_missing_empty_removal(single),
        *_missing_truth(data, single, several),
        *_foreign_classes(data),
    ]


def _missing_facts(data: EvaluationData) -> Iterator[str]:
    if data.photos is None:
        yield "metrics per photo are left out: only predictions of whole events are known"
    for title, values in (("location", data.location), ("light", data.light)):
        if not (values >= 0).any():
            yield f"metrics by {title} are left out: unknown for every event"
    if not data.photos_in_event.any():
        yield "metrics by number of photos are left out: unknown for every event"


def _missing_empty_removal(single: Mapping[str, LabelEvaluation]) -> Iterator[str]:
    if single and not any(found.units["event"].empties for found in single.values()):
        yield (
            "removal of empty events is left out: no label has both empty events, of a class such"
            " as 'empty', and other events"
        )


def _missing_truth(
    data: EvaluationData,
    single: Mapping[str, LabelEvaluation],
    several: Mapping[str, MultiLabelEvaluation],
) -> Iterator[str]:
    for label in data.classes:
        if label in several:
            continue
        if label not in single:
            yield f"label '{label}' is left out: its ground truth is unknown for every event"
            continue
        scores = single[label].units["event"].classes
        present = [one.name for one in scores if one.support]
        if len(present) == 1:
            yield (
                f"'{label}' has only one class in the ground truth, '{present[0]}':"
                " its metrics say little"
            )


def _foreign_classes(data: EvaluationData) -> Iterator[str]:
    for label, foreign in data.foreign.items():
        listed = ", ".join(f"'{name}' ({count:,})" for name, count in list(foreign.items())[:10])
        yield f"the model doesn't know {len(foreign):,} classes of '{label}' that occur: {listed}"
