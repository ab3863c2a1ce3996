"""Presence thresholds of a multi-label label, estimated from a prediction file."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.evaluation.answers.collector import ProbabilityRow


class PresenceThresholdEstimator:
    """Bounds on each class's threshold, from predictions that list the present classes.

    Keeps, for each of K classes, the highest probability of an absent class and the lowest of a
    present one.
    """

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._numbers = {name: number for number, name in enumerate(classes)}
        self._absent, self._present = np.full(len(classes), -np.inf), np.full(len(classes), np.inf)

    def add(self, values: ProbabilityRow, names: Collection[str]) -> None:
        """Add a prediction: its probabilities (K,) and the `names` of its present classes."""
        present = np.zeros(len(self._numbers), np.bool_)
        present[[self._numbers[name] for name in names if name in self._numbers]] = True
        self._absent = np.where(present, self._absent, np.maximum(self._absent, values))
        self._present = np.where(present, np.minimum(self._present, values), self._present)

    def thresholds(self) -> dict[str, float | None]:
        """Return the threshold of each class; None if the class is never present.

        It is PRESENCE_THRESHOLD if the predictions agree with that, else the lowest probability of
        a present class.
        """
        thresholds: dict[str, float | None] = {}
        for name, number in self._numbers.items():
            absent, present = float(self._absent[number]), float(self._present[number])
            lowest = present if np.isfinite(present) else None
            is_usual = absent < PRESENCE_THRESHOLD <= present
            thresholds[name] = PRESENCE_THRESHOLD if is_usual else lowest
        return thresholds
