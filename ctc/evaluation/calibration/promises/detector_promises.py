"""Promises for a detector and the calibrated classifier together, with the fusion of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ctc.artifacts.model.file import ModelInfo
from ctc.artifacts.model.promises import PredictionSetup
from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.artifacts.predictions import EventPrediction
from ctc.evaluation.answers.score_boxes import EvaluatedModel
from ctc.evaluation.answers.score_split import ScoredSplit
from ctc.evaluation.calibration.calibration import Calibration
from ctc.evaluation.calibration.promises.promise_fit import event_setup, promise_scope
from ctc.evaluation.calibration.promises.promise_fits import fit_promises
from ctc.evaluation.calibration.promises.threshold_promises import ThresholdFits, fit_thresholds
from ctc.evaluation.calibration.with_detector import (
    FusedAnswers,
    calibrated_predictions,
    fuse_answers,
    with_answers,
)
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters
from ctc.inference.box_classification import BoxClassificationModel, recombine
from ctc.inference.cascade import SKIP_ABOVE, Cascade
from ctc.inference.decisions.blanks import BLANKS, surest_box
from ctc.inference.decisions.fusion import FUSION

Promises = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class DetectorPromises:
    """What holds for a detector and the model: `thresholds`, and `promises` of other kinds.

    `notes`: what could not be fitted.
    """

    thresholds: tuple[ThresholdPromise, ...]
    promises: Promises
    notes: tuple[str, ...]


def fit_detector_promises(
    scored: ScoredSplit,
    model: EvaluatedModel,
    info: ModelInfo,
    calibrations: Mapping[str, Calibration],
    config: CalibrateConfig,
    fitted_on: Mapping[str, str],
) -> DetectorPromises:
    """Fuse the calibrated answers for a split, and fit promises to those for events held out.

    `scored`: the split as `model` answers it, which also asks for whole photos. `config` names the
    detector, and whether it is the second of a cascade. Raises CtcError as the fits do.
    """
    predictions = calibrated_predictions(scored.predictions, calibrations, model)
    cascade = _cascade(info, config)
    skipped = 0.0
    if cascade:
        predictions, skipped = skip_photos(predictions, cascade, model)
    surest = np.array([surest_box(event) or 0.0 for event in predictions], np.float32)
    data = replace(with_answers(scored.data, predictions), surest_box=surest)
    fused = fuse_answers(data, predictions)
    thresholds = fit_thresholds(fused.data, tuple(calibrations), config, fitted_on)
    setup = event_setup(config.scoring, config.detector)
    promises = {
        FUSION: _fusion_entries(fused, setup, config, fitted_on),
        **fit_promises(fused.data, _with_thresholds(info, thresholds), config, fitted_on),
    }
    if cascade:
        for entry in promises.get(BLANKS, ()):
            if entry["label"] == cascade.label:
                entry.update({SKIP_ABOVE: cascade.skip_above, "skipped": skipped})
    return DetectorPromises(thresholds.promises, promises, (*fused.notes, *thresholds.notes))


def _with_thresholds(info: ModelInfo, found: ThresholdFits) -> ModelInfo:
    """Return the metadata with these thresholds alone, which ranks begin above."""
    return replace(info, promises={"thresholds": [one.to_json() for one in found.promises]})


def _cascade(info: ModelInfo, config: CalibrateConfig) -> Cascade | None:
    """Return the cascade that `config` asks for; raises UsageError, see `Cascade.of_loss`."""
    if config.blank_loss is None or config.detector is None or not config.detector.cascade:
        return None
    return Cascade.of_loss(info, config.blank_loss)


def skip_photos(
    predictions: Sequence[EventPrediction], cascade: Cascade, model: BoxClassificationModel
) -> tuple[tuple[EventPrediction, ...], float]:
    """Return the predictions as the cascade gives them, and the share of photos that the detector
    doesn't get."""
    photos = skipped = 0
    found = []
    for event in predictions:
        shown = []
        for photo in event.images:
            is_skipped = photo.whole is not None and cascade.skips(photo.whole, event.classes)
            shown.append(replace(photo, boxes=(), set_aside=()) if is_skipped else photo)
            photos, skipped = photos + 1, skipped + is_skipped
        found.append(recombine(event, tuple(shown), model.boxes, model.aggregation))
    return tuple(found), skipped / photos


def _fusion_entries(
    fused: FusedAnswers,
    setup: PredictionSetup,
    config: CalibrateConfig,
    fitted_on: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the entry of each label with a fusion; it is no promise with a confidence level."""
    scope = promise_scope(Clusters.of_events(fused.data), config)
    return [
        {
            "label": label,
            "made_for": setup.to_json(),
            "scope": scope,
            "confidence": None,
            "events": len(found.held_out),
            **found.to_json(),
            **fitted_on,
        }
        for label, found in fused.fusions.items()
    ]


def joined(first: Mapping[str, Any], second: Promises) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of both, by kind."""
    kinds = dict.fromkeys((*first, *second))
    return {kind: [*first.get(kind, ()), *second.get(kind, ())] for kind in kinds}
