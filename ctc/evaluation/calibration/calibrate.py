"""Everything that is fitted on a validation split: calibration, then thresholds for the calibrated answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.evaluation.answers.collector import Combine
from ctc.evaluation.answers.predictions import Answers, Scored, known
from ctc.evaluation.calibration.calibration import Calibration, Method, calibrated, negative_log_likelihood
from ctc.evaluation.calibration.fit import best_method, fit
from ctc.evaluation.calibration.thresholds import ClassThreshold, class_thresholds
from ctc.evaluation.metrics.evaluation import Reliability
from ctc.evaluation.metrics.json_values import as_json
from ctc.evaluation.metrics.reliability import reliability


@dataclass(frozen=True)
class CalibrateConfig:
    """`precision` that a threshold is to reach, with this `confidence`."""

    method: Method | Literal["auto"] = "auto"
    precision: float = 0.95
    confidence: float = 0.95


@dataclass(frozen=True)
class Quality:
    """Of the answers that the calibration was fitted to: mean negative log likelihood, share of right answers, reliability."""

    nll: float
    top_1: float
    reliability: Reliability


@dataclass(frozen=True)
class FittedLabel:
    """`answers` it was fitted to, of so many `events`; `thresholds` are for events."""

    calibration: Calibration
    answers: int
    events: int
    before: Quality
    after: Quality
    thresholds: tuple[ClassThreshold, ...]

    def to_json(self) -> dict[str, Any]:
        """What stands in the model's metadata."""
        about = {name: getattr(self, name) for name in ("answers", "events", "before", "after", "thresholds")}
        told: dict[str, Any] = as_json({**self.calibration.to_json(), **about})
        return told


@dataclass(frozen=True)
class Fitted:
    """`notes`: which labels could not be calibrated, and why."""

    labels: Mapping[str, FittedLabel]
    notes: tuple[str, ...]

    @property
    def calibrations(self) -> dict[str, Calibration]:
        return {label: found.calibration for label, found in self.labels.items()}

    @property
    def thresholds(self) -> dict[str, dict[str, float | None]]:
        return {label: {one.name: one.threshold for one in found.thresholds} for label, found in self.labels.items()}


def fit_all(scored: Scored, combine: Combine, config: CalibrateConfig) -> Fitted:
    """Raises InputError for probabilities that are none, and when there is no label with at least two classes in the truth."""
    scored.check()
    answers = scored.photos or scored.events
    calibrations = {}
    notes = [f"label '{label}' is not calibrated: it may have several classes at once" for label in scored.multi_label]
    for label, truth in scored.truth.items():
        seen = np.unique(truth[known(truth)])
        if len(seen) < 2:
            held = f"only one class, '{scored.classes[label][seen[0]]}'" if len(seen) else "no truth"
            notes.append(f"label '{label}' is not calibrated: the split has {held}")
            continue
        calibrations[label] = _fit_one(answers, truth, label, config.method)
    if not calibrations:
        raise InputError("; ".join(notes) + (": give a --split with several classes" if scored.truth else ""))
    after = calibrated(scored, calibrations, combine)
    labels = {label: _fitted(scored, after, label, one, config) for label, one in calibrations.items()}
    return Fitted(labels, tuple(notes))


def _fit_one(answers: Answers, truth: NDArray[np.int32], label: str, method: Method | Literal["auto"]) -> Calibration:
    of_answers = truth[answers.event]
    kept = known(of_answers)
    event, of_answers, probabilities = answers.event[kept], of_answers[kept], answers.probabilities[label][kept]
    chosen = best_method(of_answers, probabilities, event) if method == "auto" else method
    return fit(of_answers, probabilities, chosen)


def _fitted(
    before: Scored, after: Scored, label: str, calibration: Calibration, config: CalibrateConfig
) -> FittedLabel:
    truth, classes = before.truth[label], before.classes[label]
    kept = known(truth)
    probabilities = after.events.probabilities[label][kept]
    return FittedLabel(
        calibration,
        answers=int(known(truth[(before.photos or before.events).event]).sum()),
        events=int(kept.sum()),
        before=_quality(before.photos or before.events, truth, label),
        after=_quality(after.photos or after.events, truth, label),
        thresholds=class_thresholds(truth[kept], probabilities, classes, config.precision, config.confidence),
    )


def _quality(answers: Answers, truth: NDArray[np.int32], label: str) -> Quality:
    of_answers = truth[answers.event]
    kept = known(of_answers)
    of_answers, probabilities = of_answers[kept], answers.probabilities[label][kept]
    loss = float(negative_log_likelihood(of_answers, probabilities).mean())
    right = float((probabilities.argmax(axis=1) == of_answers).mean())
    return Quality(loss, right, reliability(of_answers, probabilities))
