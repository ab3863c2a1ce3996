"""When to lower the learning rate and when to stop: both wait for a loss that no longer falls."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class PatienceCounter:
    """Counts epochs without improvement. `min_delta`: what counts as lower."""

    patience: int
    min_delta: float = 0.0
    best: float = math.inf
    wait: int = 0

    def update(self, loss: float) -> bool:
        """Take in an epoch's loss; whether it is the lowest so far."""
        if loss < self.best - self.min_delta:
            self.best, self.wait = loss, 0
            return True
        self.wait += 1
        return False

    @property
    def is_exhausted(self) -> bool:
        return self.wait >= self.patience


@dataclass
class ReduceLROnPlateau:
    """Multiplies the learning rate by `factor`, down to `min_learning_rate`, each time the patience
    is over."""

    counter: PatienceCounter
    factor: float
    min_learning_rate: float

    def next_learning_rate(self, loss: float, learning_rate: float) -> float:
        """The learning rate for the next epoch, from this epoch's loss and learning rate."""
        self.counter.update(loss)
        if not self.counter.is_exhausted:
            return learning_rate
        self.counter.wait = 0
        return min(learning_rate, max(learning_rate * self.factor, self.min_learning_rate))
