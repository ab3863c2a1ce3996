"""Calibration judged by answers that it was not fitted to: folds of whole groups of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.calibration.calibration import negative_log_likelihood
from ctc.evaluation.calibration.fit import fit_calibration
from ctc.evaluation.config import CalibrationMethod
from ctc.evaluation.statistics.exact import Float64Array, Int64Array

METHODS: tuple[CalibrationMethod, ...] = ("temperature", "vector")
FOLDS = 5
CONFIDENCE = 0.95
"""How sure it must be that vector scaling is better than temperature scaling."""


@dataclass(frozen=True)
class CrossFit:
    """N answers with known classes, and their groups, such as locations: (N,) each.

    `event` (N,): of each answer; answers of one event count as one.
    """

    truth: Int32Array
    probabilities: ProbabilityMatrix
    event: Int32Array
    group: Int64Array

    @property
    def folds(self) -> int:
        """The number of folds, below 2 where there is a single group."""
        return min(FOLDS, len(np.unique(self.group)))

    @cached_property
    def fold(self) -> Int64Array:
        """The fold of each answer, (N,)."""
        distinct, position = np.unique(self.group, return_inverse=True)
        shuffled = np.random.default_rng(0).permutation(len(distinct))
        return np.asarray((shuffled % max(self.folds, 1))[position], np.int64)

    @cached_property
    def predicted(self) -> Mapping[CalibrationMethod, ProbabilityMatrix]:
        """Per method the probabilities of each fold, as fitted to the others; (N, classes)."""
        return {method: self._predict(method) for method in METHODS}

    def _predict(self, method: CalibrationMethod) -> ProbabilityMatrix:
        found = np.empty_like(self.probabilities)
        for held_out in (self.fold == number for number in range(self.folds)):
            rest = ~held_out
            fitted = fit_calibration(
                self.truth[rest],
                self.probabilities[rest],
                method,
                len(np.unique(self.event[rest])),
            )
            found[held_out] = fitted.apply(self.probabilities[held_out])
        return found

    def loss(self, method: CalibrationMethod) -> Float64Array:
        """Return the log loss of each answer that the method was not fitted to, (N,)."""
        return negative_log_likelihood(self.truth, self.predicted[method])

    def best_method(self) -> CalibrationMethod:
        """Choose vector scaling where it is surely better than temperature scaling on the folds.

        By Student's test of the mean gain, whose variance is that between groups.
        """
        from scipy.stats import t

        if self.folds < 2:
            return "temperature"
        gain = self.loss("temperature") - self.loss("vector")
        _, position = np.unique(self.group, return_inverse=True)
        sizes = np.bincount(position)
        residuals = np.bincount(position, gain) - gain.mean() * sizes
        groups = len(sizes)
        error = np.sqrt((residuals**2).sum() * groups / (groups - 1)) / len(gain)
        return "vector" if gain.mean() > t.ppf(CONFIDENCE, groups - 1) * error else "temperature"
