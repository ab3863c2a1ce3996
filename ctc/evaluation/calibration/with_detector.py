"""The answers of a detector and a classifier together, calibrated and fused.

The classifier's calibration is fitted to photos, or to the animals that were cut out where it
learnt from such; here it is applied to the answers for boxes and whole photos as the calibrated
file will give them. Then the parts are fused; what is promised with a detector is fitted to the
fused answers for events that the fusion was not fitted to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.predictions import EventPrediction, ImagePrediction, Probabilities
from ctc.evaluation.answers.predictions import (
    FOREIGN,
    EvaluationData,
    Int32Array,
    UnitPredictions,
    is_known,
)
from ctc.evaluation.calibration.calibration import Calibration
from ctc.evaluation.calibration.fusion import FittedFusion, FusionData, fit_fusion
from ctc.evaluation.statistics.clusters import Clusters
from ctc.inference.animal_crops import is_cut_out
from ctc.inference.box_classification import BoxClassificationModel, recombine
from ctc.inference.decisions.fusion import Kind, event_evidence, whole_answer


@dataclass(frozen=True)
class FusedAnswers:
    """Answers for the events of a split with a detector.

    `data`: those for events, fused where a label has a fusion, and none for photos. `fusions`: by
    label. `notes`: why a label has none.
    """

    data: EvaluationData
    fusions: Mapping[str, FittedFusion]
    notes: tuple[str, ...]


def fuse_answers(data: EvaluationData, predictions: Sequence[EventPrediction]) -> FusedAnswers:
    """Fit a fusion for each label of `data`, whose events are those of `predictions`."""
    clusters = Clusters.of_events(data)
    group = clusters.of_scope(clusters.scope)
    fusions, notes, probabilities = {}, [], dict(data.events.probabilities)
    for label, truth in data.truth.items():
        known = np.flatnonzero(is_known(truth))
        chosen = [predictions[event] for event in known.tolist()]
        if not chosen:
            continue
        parts: dict[Kind, NDArray[np.floating]] = {
            "whole": np.array([whole_answer(event, label) for event in chosen]),
            "boxes": probabilities[label][known],
        }
        evidence = np.array([event_evidence(event, label) for event in chosen])
        found = fit_fusion(
            FusionData(data.classes[label], evidence, truth[known], group[known], parts)
        )
        if isinstance(found, str):
            notes.append(f"label '{label}': {found}")
            continue
        fusions[label] = found
        probabilities[label] = _fused(found, known, predictions, label, probabilities[label])
    events = replace(data.events, probabilities=probabilities)
    return FusedAnswers(replace(data, events=events, photos=None), fusions, tuple(notes))


def _fused(
    found: FittedFusion,
    known: NDArray[np.intp],
    predictions: Sequence[EventPrediction],
    label: str,
    boxes: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the answers (E, classes): held out for events with a known truth, else as fitted."""
    answers = boxes.copy()
    if found.fusion.kind != "boxes":
        others = np.setdiff1d(np.arange(len(predictions)), known)
        for event in others.tolist():
            one = predictions[event]
            answers[event] = (
                found.fusion.fuse(event_evidence(one, label))
                if found.fusion.kind == "fused"
                else whole_answer(one, label)
            )
    answers[known] = found.held_out
    return answers


def calibrated_predictions(
    predictions: Sequence[EventPrediction],
    calibrations: Mapping[str, Calibration],
    model: BoxClassificationModel,
) -> tuple[EventPrediction, ...]:
    """Return the predictions as the calibrated classifier gives them; raises PluginError."""

    def calibrate(answer: Probabilities) -> Probabilities:
        return {label: _calibrate(label, values) for label, values in answer.items()}

    def _calibrate(label: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if label not in calibrations:
            return values
        own = len(model.network.classifier.info.labels[label])
        return np.concatenate([calibrations[label].apply(values[None, :own])[0], values[own:]])

    def photo(one: ImagePrediction) -> ImagePrediction:
        boxes = tuple(
            replace(box, probabilities=calibrate(box.probabilities))
            if is_cut_out(box.detection)
            else box
            for box in one.boxes or ()
        )
        return replace(one, boxes=boxes, whole=None if one.whole is None else calibrate(one.whole))

    return tuple(
        recombine(event, tuple(map(photo, event.images)), model.boxes, model.aggregation)
        for event in predictions
    )


def with_answers(data: EvaluationData, predictions: Sequence[EventPrediction]) -> EvaluationData:
    """Return `data` with the answers of `predictions` for its events, and none for photos."""
    probabilities = {
        label: np.array([event.probabilities[label] for event in predictions], np.float32)
        for label in data.classes
    }
    return replace(data, events=replace(data.events, probabilities=probabilities), photos=None)


def cut_out_answers(
    data: EvaluationData,
    predictions: Sequence[EventPrediction],
    classes: Mapping[str, tuple[str, ...]],
) -> EvaluationData:
    """Return the classifier's answers for animals that were cut out, each as an event of its own.

    `classes`: the classifier's own, the first of those of `data`. A truth that is none of them is
    foreign.
    """
    rows = [
        (number, photo.path, box.probabilities)
        for number, event in enumerate(predictions)
        for photo in event.images
        for box in photo.boxes or ()
        if is_cut_out(box.detection)
    ]
    of_event = np.array([number for number, _, _ in rows], np.int32)
    answers = {
        label: np.array([answer[label][: len(names)] for _, _, answer in rows], np.float32)
        for label, names in classes.items()
    }
    numbers = np.arange(len(rows), dtype=np.int32)
    return replace(
        data,
        classes=dict(classes),
        event_ids=tuple(f"{data.event_ids[event]} {row}" for row, event in enumerate(of_event)),
        truth={
            label: _known_to(classes[label], values)[of_event]
            for label, values in data.truth.items()
        },
        photos_in_event=np.ones(len(rows), np.int32),
        location=data.location[of_event],
        light=data.light[of_event],
        timestamps=tuple(data.timestamps[event] for event in of_event.tolist()),
        events=UnitPredictions(numbers, tuple(path for _, path, _ in rows), answers),
        photos=None,
        multi_label={
            label: rows_of[of_event][:, : len(classes[label])]
            for label, rows_of in data.multi_label.items()
        },
    )


def _known_to(classes: tuple[str, ...], truth: Int32Array) -> Int32Array:
    return np.where(truth >= len(classes), FOREIGN, truth).astype(np.int32)
