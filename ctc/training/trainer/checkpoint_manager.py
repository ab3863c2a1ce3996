"""Checkpoint manager: when to save, what to save, and the newest checkpoint to resume from."""

from __future__ import annotations

import time

import numpy as np

from ctc.artifacts.run import Run
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import write_history
from ctc.training.model.network import save_weights
from ctc.training.run_folder import explain_disk_errors
from ctc.training.trainer.checkpoints import Checkpoint, Checkpoints
from ctc.training.trainer.state import TrainState
from ctc.training.trainer.steps.step_errors import NotANumberError
from ctc.training.trainer.steps.train_step import ModelRunner


class CheckpointManager:
    """Writes checkpoints, best weights and history of a run, and reads the newest checkpoint.

    Of several hosts only the main one writes.
    """

    def __init__(self, run: Run, config: TrainingConfig) -> None:
        self._run = run
        self._checkpoints = Checkpoints(run.checkpoints)
        self._every_steps = config.checkpoint_steps
        self._every_seconds = 60 * config.checkpoint_minutes
        self._last_saved_at = time.monotonic()
        self._topology = config.topology

    @property
    def has_checkpoint(self) -> bool:
        return not self._checkpoints.is_empty

    def should_save(self, step: int) -> bool:
        """Return whether a checkpoint is due when `step` batches of an epoch are done."""
        by_steps = self._every_steps is not None and step % self._every_steps == 0
        return by_steps or time.monotonic() - self._last_saved_at >= self._every_seconds

    def save(self, state: TrainState, runner: ModelRunner) -> None:
        """Write a checkpoint.

        Raises NotANumberError, and writes nothing, if a weight is not finite; CtcError if the disk
        is full.
        """
        arrays = runner.state_dict()
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise NotANumberError(f"a weight of '{name.split('/', 2)[2]}' is not a number")
        with explain_disk_errors(self._run):
            if self._topology.is_main:
                self._checkpoints.save(state.epoch, state.step, state.to_json(), arrays)
        self._last_saved_at = time.monotonic()

    def on_epoch_end(self, state: TrainState, runner: ModelRunner) -> None:
        """Write the checkpoint, then the results, which can be written again from it."""
        self.save(state, runner)
        self.write_results(state, runner)

    def restore_latest(self) -> Checkpoint | None:
        """Return the newest checkpoint, the same on each host; None if there is none."""
        self._topology.barrier()
        return self._checkpoints.latest()

    def write_results(self, state: TrainState, runner: ModelRunner) -> None:
        """Write the history, and the weights if the last epoch is the best."""
        if not self._topology.is_main:
            return
        with explain_disk_errors(self._run):
            if state.best_epoch == state.epoch - 1:
                with runner.averaged_weights():
                    save_weights(runner.network, self._run.best_weights)
            write_history(self._run.history, state.epochs)
