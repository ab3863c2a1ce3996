"""Standardise features and rotate them to their principal axes, which makes fitting fast.

Along the principal axes features are uncorrelated, so that a solver needs few steps, and there are
no more axes than samples. A rotation keeps distances: the penalty, the squared length of the
weights, is that of weights on the standardised features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_VARIANCE = 1e-7
"""Axes with less variance than this share of the largest are rounding errors."""
_CONSTANT = 1e-6

Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class Rotation:
    """Standardisation and rotation of D features to R axes.

    `mean`, `std`: float32 (D,); a constant feature has the std 1. `axes`: float32 (D, R),
    orthonormal. `variance`: float32 (R,), of the samples along each axis.
    """

    mean: Float32Array
    std: Float32Array
    axes: Float32Array
    variance: Float32Array

    def apply(self, features: Float32Array) -> Float32Array:
        """Return float32 (N, R) of features (N, D)."""
        return np.asarray(((features - self.mean) / self.std) @ self.axes, np.float32)


def fit_rotation(features: Float32Array) -> tuple[Rotation, Float32Array]:
    """Return the rotation of features (N, D), and the rotated features (N, R)."""
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    std = features.std(axis=0, dtype=np.float64).astype(np.float32)
    std[std < _CONSTANT * max(float(std.max(initial=0)), _CONSTANT)] = 1
    standardised = (features - mean) / std
    count, size = features.shape
    if count >= size:
        variance, vectors = np.linalg.eigh(_gram(standardised.T))
        kept = variance > MIN_VARIANCE * variance[-1]
        axes = vectors[:, kept]
    else:  # the same axes, from the smaller of the two Gram matrices
        variance, vectors = np.linalg.eigh(_gram(standardised) * (size / count))
        kept = variance > MIN_VARIANCE * variance[-1]
        axes = standardised.T.astype(np.float64) @ (
            vectors[:, kept] / np.sqrt(count * variance[kept])
        )
    rotation = Rotation(
        mean, std, axes.astype(np.float32), variance[kept].astype(np.float32, copy=False)
    )
    return rotation, np.asarray(standardised @ rotation.axes, np.float32)


def _gram(rows: Float32Array) -> NDArray[np.float64]:
    """Return rows · rowsᵀ / columns; the product is in float32, which is twice as fast."""
    return np.asarray((rows @ rows.T).astype(np.float64) / rows.shape[1])
