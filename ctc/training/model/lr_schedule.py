"""Learning-rate schedule: warmup, then constant or cosine decay."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctc.training.config import ScheduleName


@dataclass(frozen=True)
class LearningRateSchedule:
    """Learning rate of each step.

    During `warmup_epochs` it rises linearly from 0 to the base rate. Afterwards `plateau` keeps the
    base rate (`ReduceLROnPlateau` lowers it between epochs), and `cosine` follows half a cosine
    down to `min_learning_rate` after `epochs` (Loshchilov & Hutter 2017,
    https://arxiv.org/abs/1608.03983).
    """

    kind: ScheduleName
    epochs: int
    warmup_epochs: float
    min_learning_rate: float

    def at(self, base_lr: float, epochs_done: float) -> float:
        """Return the rate of the step at whose end `epochs_done` epochs are done."""
        if epochs_done < self.warmup_epochs:
            return base_lr * epochs_done / self.warmup_epochs
        if self.kind == "plateau":
            return base_lr
        progress = min(
            1.0, (epochs_done - self.warmup_epochs) / max(self.epochs - self.warmup_epochs, 1e-9)
        )
        lowest = min(self.min_learning_rate, base_lr)
        return lowest + (base_lr - lowest) * (1 + math.cos(math.pi * progress)) / 2
