"""Maximum-likelihood fitting of a calibration."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.calibration.calibration import (
    Calibration,
    clipped_log,
    log_softmax,
    negative_log_likelihood,
    temperature_scaling,
)
from ctc.evaluation.config import CalibrationMethod
from ctc.evaluation.metrics.intervals import Float64Array

METHODS: tuple[CalibrationMethod, ...] = ("temperature", "vector")
TEMPERATURE_BOUNDS = (0.05, 20.0)
SCALE_BOUNDS = (0.05, 20.0)
BIAS_BOUNDS = (-10.0, 10.0)
FOLDS = 5
MIN_PER_CLASS = 20


def fit_calibration(
    truth: Int32Array, probabilities: ProbabilityMatrix, method: CalibrationMethod
) -> Calibration:
    """Fit a calibration by maximum likelihood.

    `truth` (N,) has at least two classes, `probabilities` are (N, classes).
    """
    logs = clipped_log(probabilities)
    temperature = _fit_temperature(truth, logs)
    if method == "temperature":
        return temperature_scaling(temperature, logs.shape[1])
    return _fit_vector(truth, logs, temperature)


def best_method(
    truth: Int32Array, probabilities: ProbabilityMatrix, event: Int32Array
) -> CalibrationMethod:
    """Choose between temperature and vector scaling by cross-validation.

    Vector scaling needs at least MIN_PER_CLASS predictions of every class. It must have a lower
    loss than temperature scaling by more than a standard error on held-out predictions (FOLDS folds
    of whole events; `event` (N,) is that of each prediction).
    """
    if np.bincount(truth, minlength=probabilities.shape[1]).min() < MIN_PER_CLASS:
        return "temperature"
    distinct, position = np.unique(event, return_inverse=True)
    fold = (np.random.default_rng(0).permutation(len(distinct)) % FOLDS)[position]
    gain = np.empty(len(truth))
    for held_out in (fold == number for number in range(FOLDS)):
        losses = [
            negative_log_likelihood(
                truth[held_out],
                fit_calibration(truth[~held_out], probabilities[~held_out], method).apply(
                    probabilities[held_out]
                ),
            )
            for method in METHODS
        ]
        gain[held_out] = losses[0] - losses[1]
    return "vector" if gain.mean() > gain.std() / np.sqrt(len(gain)) else "temperature"


def _fit_temperature(truth: Int32Array, logs: Float64Array) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logs / np.exp(log_temperature))[rows, truth].mean())

    found = minimize_scalar(
        loss, bounds=np.log(TEMPERATURE_BOUNDS), method="bounded", options={"xatol": 1e-4}
    )
    return float(np.exp(found.x))


def _fit_vector(truth: Int32Array, logs: Float64Array, temperature: float) -> Calibration:
    from scipy.optimize import minimize

    rows, classes = np.arange(len(truth)), logs.shape[1]

    def loss(parameters: Float64Array) -> tuple[float, Float64Array]:
        scores = log_softmax(parameters[:classes] * logs + parameters[classes:])
        error = np.exp(scores)
        error[rows, truth] -= 1
        gradient = np.concatenate([np.einsum("nk,nk->k", error, logs), error.sum(axis=0)]) / len(
            truth
        )
        return float(-scores[rows, truth].mean()), gradient

    start = np.concatenate([np.full(classes, 1 / temperature), np.zeros(classes)])
    bounds = [SCALE_BOUNDS] * classes + [BIAS_BOUNDS] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x.astype(np.float32)
    return Calibration("vector", found[:classes], found[classes:] - found[classes:].mean())
