"""The learning rate, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctc.training.config import ScheduleName


@dataclass(frozen=True)
class LearningRateSchedule:
    """`warmup_epochs` epochs from 0 up to the full rate; after them as it is (`plateau`: lowered
    between epochs, by `ReduceLROnPlateau`) or along half a cosine down to `min_learning_rate` after
    `epochs` (`cosine`: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983)."""

    kind: ScheduleName
    epochs: int
    warmup_epochs: float
    min_learning_rate: float

    def at(self, base_lr: float, epochs_done: float) -> float:
        """The rate of a step at whose end `epochs_done` epochs are over."""
        if epochs_done < self.warmup_epochs:
            return base_lr * epochs_done / self.warmup_epochs
        if self.kind == "plateau":
            return base_lr
        share = min(
            1.0, (epochs_done - self.warmup_epochs) / max(self.epochs - self.warmup_epochs, 1e-9)
        )
        lowest = min(self.min_learning_rate, base_lr)
        return lowest + (base_lr - lowest) * (1 + math.cos(math.pi * share)) / 2
