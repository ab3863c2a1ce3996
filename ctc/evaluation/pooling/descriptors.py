"""Descriptors of photos: their main features, their probabilities, and how sure those are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.pooling.answers import Floats

MAX_COMPONENTS = 32
EVENTS_PER_COMPONENT = 10
CHUNK = 4096
_SMALLEST_STD = 1e-6


@dataclass(frozen=True)
class Scorer:
    """The attention that a photo gets, a number: larger counts for more.

    `features` (F,): weights of the features. `probabilities`: by label those of its classes, and
    `squares`: that of the sum of their squares. All that is the same for every photo is left out,
    since only differences within an event count.
    """

    features: NDArray[np.float32]
    probabilities: Mapping[str, NDArray[np.float32]]
    squares: Mapping[str, float]

    def score(
        self, features: NDArray[np.float32], probabilities: Mapping[str, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Return the attention (P,) of photos by features (P, F) and probabilities (P, classes)."""
        found = features.astype(np.float32) @ self.features
        for label, weights in self.probabilities.items():
            values = probabilities[label].astype(np.float32)
            found = found + values @ weights
            found = found + np.float32(self.squares[label]) * (values * values).sum(axis=1)
        return np.asarray(found, np.float32)


@dataclass(frozen=True)
class Descriptors:
    """How photos are described.

    `components` (F, K): standardised features to components of variance 1 on average. `std` (F,):
    of the features. `classes`: by label, the number of its classes.
    """

    mean: Floats
    std: Floats
    components: Floats
    classes: Mapping[str, int]

    @classmethod
    def fit(
        cls,
        features: NDArray[np.float32],
        chosen: NDArray[np.bool_],
        events: int,
        classes: Mapping[str, int],
    ) -> Descriptors:
        """Fit to the features (P, F) of the `chosen` photos, those of so many events.

        The features may lie in a file.
        """
        size, count = features.shape[1], int(chosen.sum())
        total, products = np.zeros(size), np.zeros((size, size))
        for start in range(0, len(features), CHUNK):
            rows = chosen[start : start + CHUNK]
            part = np.asarray(features[start : start + CHUNK][rows], np.float64)
            total += part.sum(axis=0)
            products += part.T @ part
        mean = total / count
        covariance = products / count - np.outer(mean, mean)
        std = np.sqrt(np.maximum(np.diag(covariance), 0))
        std = np.where(std > _SMALLEST_STD * max(1.0, float(np.abs(mean).max())), std, np.inf)
        values, vectors = np.linalg.eigh(covariance / np.outer(std, std))
        kept = max(1, min(MAX_COMPONENTS, events // EVENTS_PER_COMPONENT, size))
        chosen = vectors[:, ::-1][:, :kept]
        variance = float(np.maximum(values[::-1][:kept], 0).mean())
        return cls(mean, std, chosen / np.sqrt(variance or 1.0), classes)

    def describe(
        self, features: NDArray[np.float32], probabilities: Mapping[str, NDArray[np.float32]]
    ) -> Floats:
        """Return the descriptors (P, D) of photos."""
        parts = [
            (np.asarray(features[start : start + CHUNK], np.float64) - self.mean)
            / self.std
            @ self.components
            for start in range(0, len(features), CHUNK)
        ]
        found = [np.concatenate(parts)]
        for label in self.classes:
            values = np.asarray(probabilities[label], np.float64)
            found += [values, np.square(values).sum(axis=1, keepdims=True)]
        return np.concatenate(found, axis=1)

    def scorer(self, direction: Floats) -> Scorer:
        """Return the attention that weighs the descriptors by `direction` (D,)."""
        kept = self.components.shape[1]
        features = (self.components @ direction[:kept] / self.std).astype(np.float32)
        weights, squares, start = {}, {}, kept
        for label, size in self.classes.items():
            weights[label] = direction[start : start + size].astype(np.float32)
            squares[label] = float(direction[start + size])
            start += size + 1
        return Scorer(features, weights, squares)
