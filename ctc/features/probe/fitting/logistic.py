"""Logistic regression on rotated features: multinomial, or independent per class.

Minimises mean(weight · loss) + penalty / 2 · ‖W‖² with SciPy's L-BFGS in float32. Each weight is
scaled by an estimate of its curvature, so that the solver needs 6 to 40 steps, and it starts from
the solution for a larger penalty. benchmarks/features/probe.py measures it beside scikit-learn's
LogisticRegression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.features.probe.fitting.rotation import Float32Array

_MIN_SHARE = 1e-4
"""Classes that are rarer, or are never there, are treated as if they were there so often."""
_SMALL = 2_000_000
_OPTIONS = {"maxiter": 200, "maxcor": 20, "gtol": 1e-5, "ftol": 1e-5}


@dataclass(frozen=True)
class Solution:
    """Weights float32 (R, classes) and bias float32 (classes,)."""

    weights: Float32Array
    bias: Float32Array

    def logits(self, rotated: Float32Array) -> Float32Array:
        """Return float32 (N, classes)."""
        return np.asarray(rotated @ self.weights + self.bias, np.float32)


@dataclass(frozen=True)
class Targets:
    """What is to be learnt of N samples.

    `one_hot`: float32 (N, classes), 1 for the classes that are there. `weights`: float32 (N,) if
    one of the classes is there, else (N, classes). `exclusive`: whether exactly one is there.
    """

    one_hot: Float32Array
    weights: Float32Array
    exclusive: bool

    @property
    def shares(self) -> Float32Array:
        """The share of the samples that each class is there for, float32 (classes,)."""
        weights = self.weights[:, None] if self.exclusive else self.weights
        total = np.maximum(np.sum(weights, axis=0, dtype=np.float64), 1e-12)
        there = (weights * self.one_hot).sum(axis=0, dtype=np.float64) / total
        return np.asarray(np.clip(there, _MIN_SHARE, 1 - _MIN_SHARE), np.float32)

    def start(self, axes: int) -> Solution:
        """Return the solution of an infinite penalty: each class has its share."""
        shares = self.shares
        bias = np.log(shares) if self.exclusive else np.log(shares / (1 - shares))
        return Solution(np.zeros((axes, len(bias)), np.float32), bias)

    def losses(self, logits: Float32Array) -> Float32Array:
        """Return the weighted loss of each sample, float32 (N,): − log likelihood."""
        return self._losses_and_probabilities(logits)[0]

    def loss(self, logits: Float32Array) -> float:
        """Return the weighted mean loss."""
        total = float(self.weights.sum(dtype=np.float64))
        return float(self.losses(logits).sum(dtype=np.float64)) / total

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Targets:
        """Return those of some samples."""
        return Targets(self.one_hot[rows], self.weights[rows], self.exclusive)

    def loss_and_gradient(self, logits: Float32Array) -> tuple[float, Float32Array]:
        """Return the weighted mean loss, and its gradient with regard to the logits."""
        losses, probabilities = self._losses_and_probabilities(logits)
        total = np.float32(self.weights.sum(dtype=np.float64))
        gradient = probabilities
        gradient -= self.one_hot
        gradient *= (self.weights[:, None] if self.exclusive else self.weights) / total
        return float(losses.sum(dtype=np.float64)) / float(total), gradient

    def _losses_and_probabilities(self, logits: Float32Array) -> tuple[Float32Array, Float32Array]:
        if self.exclusive:
            shifted = logits - logits.max(axis=1, keepdims=True)
            exp = np.exp(shifted)
            sums = exp.sum(axis=1)
            # where a weight is 0 there is no class
            right = np.einsum("nc,nc->n", shifted, self.one_hot)
            return self.weights * (np.log(sums) - right), exp / sums[:, None]
        exp = np.exp(-np.abs(logits))
        losses = np.maximum(logits, 0) - logits * self.one_hot + np.log1p(exp)
        probabilities = np.where(logits >= 0, 1, exp) / (1 + exp)
        return (self.weights * losses).sum(axis=1), probabilities


def solve(
    rotated: Float32Array,
    variance: Float32Array,
    targets: Targets,
    penalty: float,
    start: Solution,
) -> Solution:
    """Return the weights that minimise the penalised loss of rotated features (N, R).

    `variance` (R,): of the samples along each axis. `start`: where the solver begins.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    axes, classes = start.weights.shape
    # the second derivative of the loss at the start, where each class has its share
    curvature = targets.shares * (1 - targets.shares)
    scale = np.sqrt(curvature * variance[:, None] + np.float32(penalty))
    bias_scale = np.sqrt(curvature)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = flat.astype(np.float32).reshape(axes + 1, classes)
        weights = values[:axes] / scale
        loss, gradient = targets.loss_and_gradient(rotated @ weights + values[axes] / bias_scale)
        slope = np.concatenate(
            [
                (rotated.T @ gradient + np.float32(penalty) * weights) / scale,
                gradient.sum(axis=0, keepdims=True) / bias_scale,
            ]
        )
        length = float(np.square(weights, dtype=np.float64).sum())
        return loss + penalty / 2 * length, slope.ravel().astype(np.float64)

    first = np.concatenate([start.weights * scale, (start.bias * bias_scale)[None]])
    # small products are slower in several threads, and much so where cores are busy
    with threadpool_limits(1 if rotated.size < _SMALL else None):
        found = minimize(
            objective,
            first.ravel().astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            options=_OPTIONS,
        )
    values = found.x.astype(np.float32).reshape(axes + 1, classes)
    return Solution(values[:axes] / scale, values[axes] / bias_scale)
