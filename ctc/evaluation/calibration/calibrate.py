"""Fitting on a validation split: calibration, then thresholds for the calibrated predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.evaluation.answers.aggregation import Aggregator
from ctc.evaluation.answers.predictions import EvaluationData, UnitPredictions, is_known
from ctc.evaluation.calibration.calibration import (
    Calibration,
    apply_calibration,
    negative_log_likelihood,
)
from ctc.evaluation.calibration.fit import best_method, fit_calibration
from ctc.evaluation.calibration.thresholds import ClassThreshold, class_thresholds
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.metrics.evaluation import Reliability
from ctc.evaluation.metrics.json_values import as_json
from ctc.evaluation.metrics.reliability import reliability


@dataclass(frozen=True)
class CalibrationQuality:
    """Quality on the fitted predictions: mean negative log likelihood, accuracy, reliability."""

    nll: float
    top_1: float
    reliability: Reliability


@dataclass(frozen=True)
class LabelCalibration:
    """Calibration and event thresholds of one label.

    `answers` is the number of predictions that it was fitted to, `events` that of their events.
    """

    calibration: Calibration
    answers: int
    events: int
    before: CalibrationQuality
    after: CalibrationQuality
    thresholds: tuple[ClassThreshold, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the model's metadata."""
        names = ("answers", "events", "before", "after", "thresholds")
        details = {name: getattr(self, name) for name in names}
        entry: dict[str, Any] = as_json({**self.calibration.to_json(), **details})
        return entry


@dataclass(frozen=True)
class CalibrationResult:
    """Calibrations by label; `notes` name the labels that could not be calibrated, and why."""

    labels: Mapping[str, LabelCalibration]
    notes: tuple[str, ...]

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """Calibrations by label."""
        return {label: found.calibration for label, found in self.labels.items()}

    @property
    def thresholds(self) -> dict[str, dict[str, float | None]]:
        """Thresholds by label and class, None where no threshold suffices."""
        return {
            label: {one.name: one.threshold for one in found.thresholds}
            for label, found in self.labels.items()
        }


def fit_labels(
    data: EvaluationData, aggregator: Aggregator, config: CalibrateConfig
) -> CalibrationResult:
    """Fit the calibration and the thresholds of every label.

    Raises InputError for invalid probabilities, and if no label has at least two classes in the
    ground truth.
    """
    data.check_probabilities()
    predictions = data.photos or data.events
    calibrations = {}
    notes = [
        f"label '{label}' is not calibrated: it may have several classes at once"
        for label in data.multi_label
    ]
    for label, truth in data.truth.items():
        seen = np.unique(truth[is_known(truth)])
        if len(seen) < 2:
            found = (
                f"only one class, '{data.classes[label][seen[0]]}'"
                if len(seen)
                else "no ground truth"
            )
            notes.append(f"label '{label}' is not calibrated: the split has {found}")
            continue
        calibrations[label] = _fit_label(predictions, truth, label, config)
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
    config: CalibrateConfig,
) -> Calibration:
    kept = is_known(truth[predictions.event])
    event, probabilities = predictions.event[kept], predictions.probabilities[label][kept]
    method = config.method
    if method == "auto":
        method = best_method(truth[event], probabilities, event)
    return fit_calibration(truth[event], probabilities, method)


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
    kept = is_known(truth[predictions.event])
    truth, probabilities = truth[predictions.event[kept]], predictions.probabilities[label][kept]
    loss = float(negative_log_likelihood(truth, probabilities).mean())
    accuracy = float((probabilities.argmax(axis=1) == truth).mean())
    return CalibrationQuality(loss, accuracy, reliability(truth, probabilities))
