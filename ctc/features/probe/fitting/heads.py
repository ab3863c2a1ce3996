"""Heads: linear layers on standardised features, with a softmax or sigmoid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.features.probe.fitting.penalty import PathPoint
from ctc.features.probe.fitting.rotation import Float32Array, Rotation


@dataclass(frozen=True)
class Head:
    """The head of one label: float32 `weights` (size, classes) and `bias` (classes,).

    `multi_label`: whether its classes are independent. `penalty`: of the fit. `loss`: the log loss
    by which it was chosen.
    """

    classes: tuple[str, ...]
    weights: Float32Array
    bias: Float32Array
    multi_label: bool
    penalty: float
    loss: float

    def probabilities(self, standardised: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return float32 (N, classes) of standardised features (N, size)."""
        logits = standardised @ self.weights + self.bias
        if self.multi_label:
            return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
        exp = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exp / exp.sum(axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Heads:
    """The heads of all labels, and the standardisation of the features: float32 (size,) each."""

    mean: Float32Array
    std: Float32Array
    labels: Mapping[str, Head]

    def standardise(self, features: Float32Array) -> NDArray[np.float64]:
        """Return float64 (N, size)."""
        return np.asarray((features.astype(np.float64) - self.mean) / self.std)

    def predict(self, features: Float32Array) -> dict[str, NDArray[np.float32]]:
        """Return the probabilities per label, float32 (N, classes), of features (N, size)."""
        standardised = self.standardise(features)
        return {label: head.probabilities(standardised) for label, head in self.labels.items()}


def make_head(
    rotation: Rotation, point: PathPoint, classes: tuple[str, ...], multi_label: bool
) -> Head:
    """Return the head with the weights that were fitted to rotated features."""
    weights = rotation.axes.astype(np.float64) @ point.solution.weights
    return Head(
        classes,
        weights.astype(np.float32),
        point.solution.bias.astype(np.float32),
        multi_label,
        point.penalty,
        point.loss,
    )
