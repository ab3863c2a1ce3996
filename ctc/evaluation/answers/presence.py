"""From which probability on a prediction file calls the classes of a multi-label label present."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ctc.artifacts.predictions import PRESENCE_THRESHOLD
from ctc.evaluation.answers.collector import ProbabilityRow


class PresenceThresholdEstimator:
    """Of each of K classes, the highest probability with which it is not present, and the lowest
    with which it is."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._numbers = {name: number for number, name in enumerate(classes)}
        self._absent, self._present = np.full(len(classes), -np.inf), np.full(len(classes), np.inf)

    def add(self, values: ProbabilityRow, names: Collection[str]) -> None:
        """An answer: the probabilities (K,), and the classes that it calls present."""
        there = np.zeros(len(self._numbers), np.bool_)
        there[[self._numbers[name] for name in names if name in self._numbers]] = True
        self._absent = np.where(there, self._absent, np.maximum(self._absent, values))
        self._present = np.where(there, np.minimum(self._present, values), self._present)

    def thresholds(self) -> dict[str, float | None]:
        """By class: PRESENT where the answers agree with it, else the lowest that is present; None
        where none is."""
        told = {}
        for name, number in self._numbers.items():
            absent, present = float(self._absent[number]), float(self._present[number])
            known = present if np.isfinite(present) else None
            told[name] = PRESENCE_THRESHOLD if absent < PRESENCE_THRESHOLD <= present else known
        return told
