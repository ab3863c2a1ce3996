"""Maximum-likelihood fitting of a calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.calibration.calibration import (
    Calibration,
    clipped_log,
    log_softmax,
    smallest_probability,
    temperature_scaling,
)
from ctc.evaluation.config import CalibrationMethod
from ctc.evaluation.statistics.exact import Float64Array

TEMPERATURE_BOUNDS = (0.05, 20.0)
SCALE_BOUNDS = (0.05, 20.0)
BIAS_BOUNDS = (-10.0, 10.0)
SCALE_SPREAD, BIAS_SPREAD = 0.3, 0.7
"""How far the classes of vector scaling are expected from temperature scaling, as standard
deviations of a normal prior: the scale as a share of it, the bias as it is."""


def fit_calibration(
    truth: Int32Array,
    probabilities: ProbabilityMatrix,
    method: CalibrationMethod,
    independent: int | None = None,
) -> Calibration:
    """Fit a calibration by maximum likelihood, vector scaling by maximum a posteriori.

    `truth` (N,) has at least two classes, `probabilities` are (N, classes). `independent`: how many
    independent answers they count as, N by default; the fewer, the nearer is vector scaling to
    temperature scaling.
    """
    smallest = smallest_probability(probabilities)
    logs = clipped_log(probabilities, smallest)
    temperature = _fit_temperature(truth, logs)
    if method == "temperature":
        return temperature_scaling(temperature, logs.shape[1], smallest)
    scale, bias = _fit_vector(truth, logs, temperature, independent or len(truth))
    return Calibration("vector", scale, bias - bias.mean(), smallest)


def _fit_temperature(truth: Int32Array, logs: Float64Array) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logs / np.exp(log_temperature))[rows, truth].mean())

    found = minimize_scalar(
        loss, bounds=np.log(TEMPERATURE_BOUNDS), method="bounded", options={"xatol": 1e-4}
    )
    return float(np.exp(found.x))


def _fit_vector(
    truth: Int32Array, logs: Float64Array, temperature: float, independent: int
) -> NDArray[np.float32]:
    """Return scale and bias, (2, classes)."""
    from scipy.optimize import minimize

    rows, classes = np.arange(len(truth)), logs.shape[1]
    start = np.concatenate([np.full(classes, 1 / temperature), np.zeros(classes)])
    spread = np.repeat([SCALE_SPREAD / temperature, BIAS_SPREAD], classes)

    def loss(parameters: Float64Array) -> tuple[float, Float64Array]:
        scores = log_softmax(parameters[:classes] * logs + parameters[classes:])
        error = np.exp(scores)
        error[rows, truth] -= 1
        gradient = np.concatenate([np.einsum("nk,nk->k", error, logs), error.sum(axis=0)]) / len(
            truth
        )
        away = (parameters - start) / spread
        penalty = float(away @ away) / 2 / independent
        return float(-scores[rows, truth].mean()) + penalty, gradient + away / spread / independent

    bounds = [SCALE_BOUNDS] * classes + [BIAS_BOUNDS] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x.reshape(2, classes), np.float32)
