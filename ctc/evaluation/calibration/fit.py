"""Fitting a calibration: what makes the truth most likely."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.answers.predictions import Numbers, Probabilities
from ctc.evaluation.calibration.calibration import (
    Calibration,
    Method,
    log_softmax,
    logarithm,
    negative_log_likelihood,
    temperature_scaling,
)
from ctc.evaluation.metrics.intervals import Floats

METHODS: tuple[Method, ...] = ("temperature", "vector")
TEMPERATURES = (0.05, 20.0)
SCALES = (0.05, 20.0)
BIASES = (-10.0, 10.0)
FOLDS = 5
LEAST_PER_CLASS = 20


def fit(truth: Numbers, probabilities: Probabilities, method: Method) -> Calibration:
    """What makes the truth most likely; `truth` (N,) of at least two classes, `probabilities` (N, classes)."""
    logs = logarithm(probabilities)
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


def _fit_temperature(truth: Numbers, logs: Floats) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logs / np.exp(log_temperature))[rows, truth].mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def _fit_vector(truth: Numbers, logs: Floats, temperature: float) -> Calibration:
    from scipy.optimize import minimize

    rows, classes = np.arange(len(truth)), logs.shape[1]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scores = log_softmax(parameters[:classes] * logs + parameters[classes:])
        error = np.exp(scores)
        error[rows, truth] -= 1
        gradient = np.concatenate([np.einsum("nk,nk->k", error, logs), error.sum(axis=0)]) / len(truth)
        return float(-scores[rows, truth].mean()), gradient

    start = np.concatenate([np.full(classes, 1 / temperature), np.zeros(classes)])
    bounds = [SCALES] * classes + [BIASES] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x.astype(np.float32)
    return Calibration("vector", found[:classes], found[classes:] - found[classes:].mean())
