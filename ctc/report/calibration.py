"""Probabilities that mean what they say: temperature and vector scaling (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 4.2).

    calibrated = softmax(scale · log p + bias)        temperature: scale = 1 / T for all classes, bias = 0

It is fitted to log p instead of the logits, from which log p differs by a constant that softmax takes away; so it fits any model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctc.report.gathering import Combine, combined
from ctc.report.intervals import Floats
from ctc.report.scored import Answers, Numbers, Probabilities, Scored

Method = Literal["temperature", "vector"]
METHODS: tuple[Method, ...] = ("temperature", "vector")

SMALLEST = 1e-12
"""In place of probability 0, whose logarithm isn't a number."""
TEMPERATURES = (0.05, 20.0)
SCALES = (0.05, 20.0)
BIASES = (-10.0, 10.0)
FOLDS = 5
LEAST_PER_CLASS = 20


@dataclass(frozen=True)
class Calibration:
    """`scale`, `bias` (classes,) float32."""

    method: Method
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def temperature(self) -> float:
        """Of temperature scaling; above 1 where the model is too sure of itself."""
        return float(1 / self.scale[0])

    def apply(self, probabilities: Probabilities) -> Probabilities:
        """(N, classes) to (N, classes)."""
        return np.exp(_log_softmax(self.scale * _log(probabilities) + self.bias)).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        if self.method == "temperature":
            return {"method": self.method, "temperature": self.temperature}
        return {"method": self.method, "scale": self.scale.tolist(), "bias": self.bias.tolist()}


def temperature_scaling(temperature: float, classes: int) -> Calibration:
    scale = np.full(classes, 1 / temperature, np.float32)
    return Calibration("temperature", scale, np.zeros(classes, np.float32))


def negative_log_likelihood(truth: Numbers, probabilities: Probabilities) -> Floats:
    """(N,): of each answer's truth, natural logarithm."""
    return -_log(probabilities)[np.arange(len(truth)), truth]


def fit(truth: Numbers, probabilities: Probabilities, method: Method) -> Calibration:
    """What makes the truth most likely; `truth` (N,) of at least two classes, `probabilities` (N, classes)."""
    logs = _log(probabilities)
    temperature = _fit_temperature(truth, logs)
    if method == "temperature":
        return temperature_scaling(temperature, logs.shape[1])
    return _fit_vector(truth, logs, temperature)


def best_method(truth: Numbers, probabilities: Probabilities, event: Numbers) -> Method:
    """Vector scaling where every class has at least 20 answers and where, on answers it was not fitted to (5 folds of whole events), it is
    better than temperature scaling by more than a standard error; else temperature scaling."""
    if np.bincount(truth, minlength=probabilities.shape[1]).min() < LEAST_PER_CLASS:
        return "temperature"
    distinct, position = np.unique(event, return_inverse=True)
    fold = (np.random.default_rng(0).permutation(len(distinct)) % FOLDS)[position]
    gain = np.empty(len(truth))
    for held_out in (fold == number for number in range(FOLDS)):
        losses = [
            negative_log_likelihood(
                truth[held_out], fit(truth[~held_out], probabilities[~held_out], method).apply(probabilities[held_out])
            )
            for method in METHODS
        ]
        gain[held_out] = losses[0] - losses[1]
    return "vector" if gain.mean() > gain.std() / np.sqrt(len(gain)) else "temperature"


def calibrated(scored: Scored, calibrations: Mapping[str, Calibration], combine: Combine) -> Scored:
    """The answers as the calibrated model would give them: those for photos changed and combined anew, or those for events where there are
    only those."""
    if scored.photos is None:
        return replace(scored, events=_changed(scored.events, calibrations))
    photos = _changed(scored.photos, calibrations)
    return replace(scored, photos=photos, events=combined(photos, len(scored.ids), combine))


def uncalibrated(scored: Scored, calibration: Mapping[str, Any], combine: Combine) -> Scored | None:
    """The answers as they were before the temperature scaling that a model's metadata tell; None where another scaling can't be undone."""
    told = {label: entry for label, entry in calibration.items() if label in scored.classes}
    if not told or any(entry.get("method") != "temperature" for entry in told.values()):
        return None
    undo = {
        label: temperature_scaling(1 / entry["temperature"], len(scored.classes[label]))
        for label, entry in told.items()
    }
    return calibrated(scored, undo, combine)


def _changed(answers: Answers, calibrations: Mapping[str, Calibration]) -> Answers:
    changed = {
        label: calibrations[label].apply(values) if label in calibrations else values
        for label, values in answers.probabilities.items()
    }
    return replace(answers, probabilities=changed)


def _log(probabilities: Probabilities) -> Floats:
    return np.log(np.maximum(probabilities, SMALLEST, dtype=np.float64))


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _fit_temperature(truth: Numbers, logs: Floats) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-_log_softmax(logs / np.exp(log_temperature))[rows, truth].mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def _fit_vector(truth: Numbers, logs: Floats, temperature: float) -> Calibration:
    from scipy.optimize import minimize

    rows, classes = np.arange(len(truth)), logs.shape[1]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scores = _log_softmax(parameters[:classes] * logs + parameters[classes:])
        error = np.exp(scores)
        error[rows, truth] -= 1
        gradient = np.concatenate([np.einsum("nk,nk->k", error, logs), error.sum(axis=0)]) / len(truth)
        return float(-scores[rows, truth].mean()), gradient

    start = np.concatenate([np.full(classes, 1 / temperature), np.zeros(classes)])
    bounds = [SCALES] * classes + [BIASES] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x.astype(np.float32)
    return Calibration("vector", found[:classes], found[classes:] - found[classes:].mean())
