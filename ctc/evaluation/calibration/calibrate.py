"""Everything that is fitted on a validation split: calibration, then thresholds for the calibrated
answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.evaluation.answers.collector import Aggregator
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions, is_known
from ctc.evaluation.calibration.calibration import (
    Calibration,
    CalibrationMethod,
    apply_calibration,
    negative_log_likelihood,
)
from ctc.evaluation.calibration.fit import best_method, fit_calibration
from ctc.evaluation.calibration.thresholds import ClassThreshold, class_thresholds
from ctc.evaluation.metrics.evaluation import Reliability
from ctc.evaluation.metrics.json_values import as_json
from ctc.evaluation.metrics.reliability import reliability


@dataclass(frozen=True)
class CalibrateConfig:
    """`precision` that a threshold is to reach, with this `confidence`."""

    method: CalibrationMethod | Literal["auto"] = "auto"
    precision: float = 0.95
    confidence: float = 0.95


@dataclass(frozen=True)
class CalibrationQuality:
    """Of the answers that the calibration was fitted to: mean negative log likelihood, share of
    right answers, reliability."""

    nll: float
    top_1: float
    reliability: Reliability


@dataclass(frozen=True)
class LabelCalibration:
    """`predictions` it was fitted to, of so many `events`; `thresholds` are for events."""

    calibration: Calibration
    answers: int
    events: int
    before: CalibrationQuality
    after: CalibrationQuality
    thresholds: tuple[ClassThreshold, ...]

    def to_json(self) -> dict[str, Any]:
        """What stands in the model's metadata."""
        about = {
            name: getattr(self, name)
            for name in ("answers", "events", "before", "after", "thresholds")
        }
        told: dict[str, Any] = as_json({**self.calibration.to_json(), **about})
        return told


@dataclass(frozen=True)
class CalibrationResult:
    """`notes`: which labels could not be calibrated, and why."""

    labels: Mapping[str, LabelCalibration]
    notes: tuple[str, ...]

    @property
    def calibrations(self) -> dict[str, Calibration]:
        return {label: found.calibration for label, found in self.labels.items()}

    @property
    def thresholds(self) -> dict[str, dict[str, float | None]]:
        return {
            label: {one.name: one.threshold for one in found.thresholds}
            for label, found in self.labels.items()
        }


def fit_labels(
    data: EvaluationData, aggregator: Aggregator, config: CalibrateConfig
) -> CalibrationResult:
    """Raises InputError for probabilities that are none, and when there is no label with at least
    two classes in the truth."""
    data.check_probabilities()
    answers = data.photos or data.events
    calibrations = {}
    notes = [
        f"label '{label}' is not calibrated: it may have several classes at once"
        for label in data.multi_label
    ]
    for label, truth in data.truth.items():
        seen = np.unique(truth[is_known(truth)])
        if len(seen) < 2:
            held = f"only one class, '{data.classes[label][seen[0]]}'" if len(seen) else "no truth"
            notes.append(f"label '{label}' is not calibrated: the split has {held}")
            continue
        calibrations[label] = _fit_label(answers, truth, label, config.method)
    if not calibrations:
        raise InputError(
            "; ".join(notes) + (": give a --split with several classes" if data.truth else "")
        )
    after = apply_calibration(data, calibrations, aggregator)
    labels = {
        label: _label_calibration(data, after, label, one, config)
        for label, one in calibrations.items()
    }
    return CalibrationResult(labels, tuple(notes))


def _fit_label(
    predictions: UnitPredictions,
    truth: NDArray[np.int32],
    label: str,
    method: CalibrationMethod | Literal["auto"],
) -> Calibration:
    of_answers = truth[predictions.event]
    kept = is_known(of_answers)
    event, of_answers, probabilities = (
        predictions.event[kept],
        of_answers[kept],
        predictions.probabilities[label][kept],
    )
    chosen = best_method(of_answers, probabilities, event) if method == "auto" else method
    return fit_calibration(of_answers, probabilities, chosen)


def _label_calibration(
    before: EvaluationData,
    after: EvaluationData,
    label: str,
    calibration: Calibration,
    config: CalibrateConfig,
) -> LabelCalibration:
    truth, classes = before.truth[label], before.classes[label]
    kept = is_known(truth)
    probabilities = after.events.probabilities[label][kept]
    return LabelCalibration(
        calibration,
        answers=int(is_known(truth[(before.photos or before.events).event]).sum()),
        events=int(kept.sum()),
        before=_calibration_quality(before.photos or before.events, truth, label),
        after=_calibration_quality(after.photos or after.events, truth, label),
        thresholds=class_thresholds(
            truth[kept], probabilities, classes, config.precision, config.confidence
        ),
    )


def _calibration_quality(
    predictions: UnitPredictions, truth: NDArray[np.int32], label: str
) -> CalibrationQuality:
    of_answers = truth[predictions.event]
    kept = is_known(of_answers)
    of_answers, probabilities = of_answers[kept], predictions.probabilities[label][kept]
    loss = float(negative_log_likelihood(of_answers, probabilities).mean())
    right = float((probabilities.argmax(axis=1) == of_answers).mean())
    return CalibrationQuality(loss, right, reliability(of_answers, probabilities))
