"""Training state: everything in a checkpoint except the arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import MetricSums
from ctc.training.trainer.early_stopping import PatienceCounter, ReduceLROnPlateau

PLATEAU_MIN_DELTA = 1e-4


@dataclass
class TrainState:
    """Progress of a training.

    initial_lr, base_lr    learning rate of the first and of the current epoch, before the schedule
    accumulation_steps     micro-batches per batch; never so few that one did not fit in memory
    epoch, step            `step` batches of `epoch` (from 0) are done
    best_epoch             the epoch whose weights are kept
    totals                 metric sums of the current epoch
    epochs                 the finished epochs
    """

    initial_lr: float
    base_lr: float
    early_stopping: PatienceCounter
    plateau: ReduceLROnPlateau | None
    accumulation_steps: int
    epoch: int = 0
    step: int = 0
    best_epoch: int | None = None
    totals: MetricSums = field(default_factory=MetricSums)
    epochs: list[Epoch] = field(default_factory=list)

    @classmethod
    def initial(cls, config: TrainingConfig, base_lr: float, accumulation_steps: int) -> TrainState:
        """Return the state before the first epoch."""
        counter = PatienceCounter(config.reduce_lr_patience, PLATEAU_MIN_DELTA)
        plateau = ReduceLROnPlateau(counter, config.reduce_lr_factor, config.min_learning_rate)
        return cls(
            initial_lr=base_lr,
            base_lr=base_lr,
            early_stopping=PatienceCounter(config.early_stopping_patience or config.epochs),
            plateau=plateau if config.schedule == "plateau" else None,
            accumulation_steps=accumulation_steps,
        )

    def end_epoch(self, epoch: Epoch) -> bool:
        """Record a finished epoch and go to the next; return whether it is the best so far."""
        self.epochs.append(epoch)
        improved = self.early_stopping.update(epoch.monitored_loss)
        if improved:
            self.best_epoch = epoch.index
        self._reduce_lr_on_plateau(epoch.monitored_loss)
        self.epoch, self.step, self.totals = epoch.index + 1, 0, MetricSums()
        return improved

    def _reduce_lr_on_plateau(self, loss: float) -> None:
        """Let the patience of early stopping begin again with each lower learning rate."""
        if self.plateau:
            before = self.base_lr
            self.base_lr = self.plateau.next_learning_rate(loss, before)
            if self.base_lr < before:
                self.early_stopping.wait = 0

    def start_phase(self) -> None:
        """Reset learning rate and patience, because other layers are trained from now on."""
        self.base_lr, self.early_stopping.wait = self.initial_lr, 0
        if self.plateau:
            self.plateau.counter.wait = 0

    def is_finished(self, epochs: int) -> bool:
        """Return whether the last epoch is done, or early stopping applies."""
        return self.epoch >= epochs or self.early_stopping.is_exhausted

    def to_json(self) -> dict[str, Any]:
        return {
            "first_rate": self.initial_lr,
            "rate": self.base_lr,
            "stopping": _counter_state(self.early_stopping),
            "plateau": _counter_state(self.plateau.counter) if self.plateau else None,
            "parts": self.accumulation_steps,
            "epoch": self.epoch,
            "step": self.step,
            "best": self.best_epoch,
            "totals": self.totals.to_json(),
            "epochs": [epoch.to_json() for epoch in self.epochs],
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Restore what `to_json` returned.

        Options that may change on resume keep their new values: patience, and the initial learning
        rate, for which the patience begins again.
        """
        same_rate = data["first_rate"] == self.initial_lr
        if same_rate:
            self.base_lr = data["rate"]
        self.epoch, self.step, self.best_epoch = data["epoch"], data["step"], data["best"]
        self.accumulation_steps = max(self.accumulation_steps, data["parts"])
        self.early_stopping.restore(data["stopping"], same_rate)
        if self.plateau:
            self.plateau.counter.restore(data["plateau"], same_rate)
        self.totals = MetricSums.from_json(data["totals"])
        self.epochs = [Epoch.from_json(epoch) for epoch in data["epochs"]]


def _counter_state(counter: PatienceCounter) -> tuple[float, int]:
    return counter.best, counter.wait
