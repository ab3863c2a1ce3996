"""Fitting on a validation split: the calibration of each label, judged on folds of the split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.threshold_promise import ThresholdPromise
from ctc.errors import InputError
from ctc.evaluation.answers.predictions import (
    EvaluationData,
    ProbabilityMatrix,
    UnitPredictions,
    is_known,
)
from ctc.evaluation.calibration.calibration import Calibration, negative_log_likelihood
from ctc.evaluation.calibration.cross_fit import CrossFit
from ctc.evaluation.calibration.fit import fit_calibration
from ctc.evaluation.config import CalibrateConfig
from ctc.evaluation.metrics.evaluation import Reliability
from ctc.evaluation.metrics.json_values import as_json
from ctc.evaluation.metrics.reliability import reliability
from ctc.evaluation.statistics.clusters import Clusters


@dataclass(frozen=True)
class CalibrationQuality:
    """Quality of predictions: mean log loss, accuracy, reliability."""

    nll: float
    top_1: float
    reliability: Reliability

    @classmethod
    def of(cls, truth: NDArray[np.int32], probabilities: ProbabilityMatrix) -> CalibrationQuality:
        """Return that of N predictions with known truth."""
        loss = float(negative_log_likelihood(truth, probabilities).mean())
        accuracy = float((probabilities.argmax(axis=1) == truth).mean())
        return cls(loss, accuracy, reliability(truth, probabilities))


@dataclass(frozen=True)
class LabelCalibration:
    """Calibration of one label.

    `answers` is the number of predictions that it was fitted to, `events` that of their events.
    `before`: without calibration. `after`: of answers that it was not fitted to, in `folds` folds
    of whole groups (`folds_of`: locations or events); None where there is a single group.
    """

    calibration: Calibration
    answers: int
    events: int
    folds: int
    folds_of: str
    before: CalibrationQuality
    after: CalibrationQuality | None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of the model's metadata."""
        names = ("answers", "events", "folds", "folds_of", "before", "after")
        details = {name: getattr(self, name) for name in names}
        entry: dict[str, Any] = as_json({**self.calibration.to_json(), **details})
        return entry


@dataclass(frozen=True)
class CalibrationResult:
    """Calibrations by label, and promises; `notes` name labels that could not be calibrated, and
    say what to beware of.

    `thresholds`: the thresholds that were fitted, those of the chosen setup first, see
    `fit_thresholds`. `promises`: all that goes into the model file.
    """

    labels: Mapping[str, LabelCalibration]
    notes: tuple[str, ...]
    thresholds: tuple[ThresholdPromise, ...] = ()
    promises: Mapping[str, Any] = field(default_factory=dict)

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """Calibrations by label."""
        return {label: found.calibration for label, found in self.labels.items()}

    @property
    def chosen_thresholds(self) -> tuple[ThresholdPromise, ...]:
        """Those of events with the chosen aggregation, one per label."""
        return tuple(one for one in self.thresholds if one.made_for == self.thresholds[0].made_for)


def fit_labels(data: EvaluationData, config: CalibrateConfig) -> CalibrationResult:
    """Fit the calibration of every label.

    Raises InputError for invalid probabilities, and if no label has at least two classes in the
    ground truth.
    """
    data.check_probabilities()
    predictions, clusters = data.photos or data.events, Clusters.of_events(data)
    fitted = {}
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
        folds = _cross_fit(predictions, truth, label, clusters)
        of = "locations" if clusters.has_locations else "events"
        fitted[label] = _fit_label(folds, of, config)
        notes += _warnings(label, folds, config)
    if not fitted:
        raise InputError(
            "; ".join(notes) + (": give a --split with several classes" if data.truth else "")
        )
    return CalibrationResult(fitted, tuple(notes))


def _cross_fit(
    predictions: UnitPredictions, truth: NDArray[np.int32], label: str, clusters: Clusters
) -> CrossFit:
    kept = is_known(truth[predictions.event])
    event = predictions.event[kept]
    groups = (
        clusters.of_scope("new locations")
        if clusters.has_locations
        else np.arange(len(truth), dtype=np.int64)
    )
    return CrossFit(truth[event], predictions.probabilities[label][kept], event, groups[event])


def _fit_label(folds: CrossFit, folds_of: str, config: CalibrateConfig) -> LabelCalibration:
    method = folds.best_method() if config.method == "auto" else config.method
    truth, events = folds.truth, len(np.unique(folds.event))
    return LabelCalibration(
        fit_calibration(truth, folds.probabilities, method, events),
        answers=len(truth),
        events=events,
        folds=folds.folds,
        folds_of=folds_of,
        before=CalibrationQuality.of(truth, folds.probabilities),
        after=CalibrationQuality.of(truth, folds.predicted[method]) if folds.folds > 1 else None,
    )


def _warnings(label: str, folds: CrossFit, config: CalibrateConfig) -> Iterator[str]:
    """Yield a warning of vector scaling that is worse than temperature scaling on the folds."""
    if config.method == "vector" and folds.folds > 1:
        vector, temperature = (
            float(folds.loss(method).mean()) for method in ("vector", "temperature")
        )
        if vector > temperature:
            yield (
                f"'{label}': on answers that it was not fitted to, vector scaling has a log loss of"
                f" {vector:.3f}, temperature scaling {temperature:.3f}: there is too little data"
                " for it, use --method temperature"
            )
