"""Promises for a detector and the calibrated classifier together, with the fusion of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctc.artifacts.model_file import ModelInfo
from ctc.artifacts.promises import PredictionSetup
from ctc.artifacts.threshold_promise import ThresholdPromise
from ctc.evaluation.answers.score_boxes import EvaluatedModel
from ctc.evaluation.answers.score_split import ScoredSplit
from ctc.evaluation.calibration.calibration import Calibration
from ctc.evaluation.calibration.promise_fit import event_setup, promise_scope
from ctc.evaluation.calibration.promise_fits import fit_promises
from ctc.evaluation.calibration.threshold_promises import fit_thresholds
from ctc.evaluation.calibration.with_detector import (
    FusedAnswers,
    calibrated_predictions,
    fuse_answers,
    with_answers,
)
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.statistics.clusters import Clusters
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
    detector. Raises CtcError as the fits do.
    """
    predictions = calibrated_predictions(scored.predictions, calibrations, model)
    fused = fuse_answers(with_answers(scored.data, predictions), predictions)
    thresholds = fit_thresholds(fused.data, tuple(calibrations), config, fitted_on)
    setup = event_setup(config.scoring, config.detector)
    promises = {
        FUSION: _fusion_entries(fused, setup, config, fitted_on),
        **fit_promises(fused.data, info, config, fitted_on),
    }
    return DetectorPromises(thresholds.promises, promises, (*fused.notes, *thresholds.notes))


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
