"""When to lower the learning rate and when to stop: both wait for a loss that no longer falls."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Patience:
    """Counts epochs without improvement. `min_delta`: what counts as lower."""

    epochs: int
    min_delta: float = 0.0
    best: float = math.inf
    waited: int = 0

    def improves(self, loss: float) -> bool:
        """Take in an epoch's loss; whether it is the lowest so far."""
        if loss < self.best - self.min_delta:
            self.best, self.waited = loss, 0
            return True
        self.waited += 1
        return False

    @property
    def over(self) -> bool:
        return self.waited >= self.epochs


@dataclass
class ReduceOnPlateau:
    """Multiplies the learning rate by `factor`, down to `lowest`, each time the patience is over."""

    patience: Patience
    factor: float
    lowest: float

    def next_rate(self, loss: float, rate: float) -> float:
        """The learning rate for the next epoch, from this epoch's loss and learning rate."""
        self.patience.improves(loss)
        if not self.patience.over:
            return rate
        self.patience.waited = 0
        return min(rate, max(rate * self.factor, self.lowest))
