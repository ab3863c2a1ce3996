"""Early stopping and learning-rate reduction: what happens when the loss no longer falls."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class PatienceCounter:
    """Counts epochs without a lower loss; lower means by more than `min_delta`."""

    patience: int
    min_delta: float = 0.0
    best: float = math.inf
    wait: int = 0

    def update(self, loss: float) -> bool:
        """Count an epoch; return whether its loss is the lowest so far."""
        if loss < self.best - self.min_delta:
            self.best, self.wait = loss, 0
            return True
        self.wait += 1
        return False

    def restore(self, state: tuple[float, int], keep_wait: bool) -> None:
        """Set the lowest loss so far, and the epochs since it if `keep_wait`."""
        self.best, wait = state
        self.wait = wait if keep_wait else 0

    @property
    def is_exhausted(self) -> bool:
        return self.wait >= self.patience


@dataclass
class ReduceLROnPlateau:
    """Multiplies the learning rate by `factor` each time the patience is exhausted.

    It is never reduced below `min_learning_rate`.
    """

    counter: PatienceCounter
    factor: float
    min_learning_rate: float

    def next_learning_rate(self, loss: float, learning_rate: float) -> float:
        """Return the learning rate of the next epoch, from loss and learning rate of this one."""
        self.counter.update(loss)
        if not self.counter.is_exhausted:
            return learning_rate
        self.counter.wait = 0
        return min(learning_rate, max(learning_rate * self.factor, self.min_learning_rate))
