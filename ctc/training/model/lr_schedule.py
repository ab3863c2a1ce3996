"""The learning rate, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctc.training.config import ScheduleName


@dataclass(frozen=True)
class Schedule:
    """`warmup` epochs from 0 up to the full rate; after them as it is (`plateau`: lowered between epochs, by `ReduceOnPlateau`) or along
    half a cosine down to `lowest` after `epochs` (`cosine`: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983)."""

    kind: ScheduleName
    epochs: int
    warmup: float
    lowest: float

    def rate(self, full: float, passed: float) -> float:
        """The rate of a step at whose end `passed` epochs are over."""
        if passed < self.warmup:
            return full * passed / self.warmup
        if self.kind == "plateau":
            return full
        share = min(1.0, (passed - self.warmup) / max(self.epochs - self.warmup, 1e-9))
        lowest = min(self.lowest, full)
        return lowest + (full - lowest) * (1 + math.cos(math.pi * share)) / 2
