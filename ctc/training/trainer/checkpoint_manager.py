"""Keeps a training on disk, and brings it back."""

from __future__ import annotations

import time

import numpy as np

from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import write_history
from ctc.training.model.network import save_weights
from ctc.training.plan import TrainingPlan
from ctc.training.run_folder import explain_disk_errors
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.run_batches import NotANumberError
from ctc.training.trainer.state import TrainState
from ctc.training.trainer.train_step import ModelRunner


class CheckpointManager:
    """Writes checkpoints, best weights and history of a run, and reads the newest checkpoint."""

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
        """Whether it is time for a checkpoint when `step` batches of an epoch are done."""
        by_steps = self._every_steps is not None and step % self._every_steps == 0
        return by_steps or time.monotonic() - self._last_saved_at >= self._every_seconds

    def save(self, state: TrainState, runner: ModelRunner) -> None:
        """Write a checkpoint. Raises NotANumberError, and writes none, when a weight is no number;
        CtcError when the disk is full."""
        arrays = runner.state_dict()
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise NotANumberError(f"a weight of '{name.split('/', 2)[2]}' is not a number")
        with explain_disk_errors(self._run):
            if self._topology.is_main:
                self._checkpoints.save(state.epoch, state.step, state.to_json(), arrays)
        self._last_saved_at = time.monotonic()

    def on_epoch_end(self, state: TrainState, runner: ModelRunner) -> None:
        """Keep what an epoch came to: the checkpoint first, from which the rest can be made
        again."""
        self.save(state, runner)
        self._write_results(state, runner)

    def restore_latest(self, plan: TrainingPlan, state: TrainState) -> ModelRunner:
        """Bring `state` to the newest checkpoint and give the learner that belongs to it; the
        beginning when there is none.

        Raises InputError when the checkpoint doesn't fit the plan.
        """
        self._topology.barrier()
        newest, head_epochs = self._checkpoints.latest(), plan.config.head_epochs
        if newest is None:
            learner = ModelRunner(plan, state.accumulation_steps, heads_only=head_epochs > 0)
            if plan.initial_weights:
                learner.load_backbone(plan.initial_weights)
            return learner
        state.restore(newest.train_state)
        learner = ModelRunner(plan, state.accumulation_steps, heads_only=state.epoch < head_epochs)
        try:
            if state.epoch == head_epochs and state.step == 0:
                learner.load_network_state(newest.arrays)
                state.start_phase()
            else:
                learner.load_state_dict(newest.arrays, newest.train_state["parts"])
        except InputError as error:
            raise InputError(
                f"the checkpoint '{newest.path}' doesn't fit the network: {error}"
            ) from None
        if state.epochs and state.step == 0:
            self._write_results(state, learner)
        return learner

    def _write_results(self, state: TrainState, runner: ModelRunner) -> None:
        if not self._topology.is_main:
            return
        with explain_disk_errors(self._run):
            if state.best_epoch == state.epoch - 1:
                save_weights(runner.network, self._run.best_weights)
            write_history(self._run.history, state.epochs)
