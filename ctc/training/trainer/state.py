"""How far a training is: all that a checkpoint says beside the arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import Totals
from ctc.training.trainer.early_stopping import Patience, ReduceOnPlateau

PLATEAU_MIN_DELTA = 1e-4


@dataclass
class Progress:
    """`step` batches of `epoch` (from 0) are done, `totals` is what they came to. `rate`: the full learning rate of this epoch,
    `first_rate` that of the first. `best`: the epoch whose weights are kept. `parts`: in how many parts a batch is taken, never so few
    that a part was too much for the memory."""

    first_rate: float
    rate: float
    stopping: Patience
    plateau: ReduceOnPlateau | None
    parts: int
    epoch: int = 0
    step: int = 0
    best: int | None = None
    totals: Totals = field(default_factory=Totals)
    epochs: list[Epoch] = field(default_factory=list)

    @classmethod
    def beginning(cls, config: TrainingConfig, rate: float) -> Progress:
        patience = Patience(config.reduce_lr_patience, PLATEAU_MIN_DELTA)
        plateau = ReduceOnPlateau(patience, config.reduce_lr_factor, config.min_learning_rate)
        return cls(
            first_rate=rate,
            rate=rate,
            stopping=Patience(config.early_stopping_patience or config.epochs),
            plateau=plateau if config.schedule == "plateau" else None,
            parts=config.accumulate,
        )

    def finish(self, epoch: Epoch) -> bool:
        """Take in an epoch that is over, and go to the next; whether it is the best so far."""
        self.epochs.append(epoch)
        improved = self.stopping.improves(epoch.watched_loss)
        if improved:
            self.best = epoch.index
        if self.plateau:
            self.rate = self.plateau.next_rate(epoch.watched_loss, self.rate)
        self.epoch, self.step, self.totals = epoch.index + 1, 0, Totals()
        return improved

    def begin_phase(self) -> None:
        """Other layers learn from now on: at the first rate again, and with patience."""
        self.rate, self.stopping.waited = self.first_rate, 0
        if self.plateau:
            self.plateau.patience.waited = 0

    def over(self, epochs: int) -> bool:
        """Whether nothing is left to learn."""
        return self.epoch >= epochs or self.stopping.over

    def to_json(self) -> dict[str, Any]:
        return {
            "first_rate": self.first_rate,
            "rate": self.rate,
            "stopping": _waiting(self.stopping),
            "plateau": _waiting(self.plateau.patience) if self.plateau else None,
            "parts": self.parts,
            "epoch": self.epoch,
            "step": self.step,
            "best": self.best,
            "totals": self.totals.to_json(),
            "epochs": [epoch.to_json() for epoch in self.epochs],
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Go to where `to_json` was called. What the options say stays: how long to wait, and another learning rate to begin with."""
        if data["first_rate"] == self.first_rate:
            self.rate = data["rate"]
        self.epoch, self.step, self.best = data["epoch"], data["step"], data["best"]
        self.parts = max(self.parts, data["parts"])
        self.stopping.best, self.stopping.waited = data["stopping"]
        if self.plateau:
            self.plateau.patience.best, self.plateau.patience.waited = data["plateau"]
        self.totals = Totals.from_json(data["totals"])
        self.epochs = [Epoch.from_json(epoch) for epoch in data["epochs"]]


def _waiting(patience: Patience) -> tuple[float, int]:
    return patience.best, patience.waited
