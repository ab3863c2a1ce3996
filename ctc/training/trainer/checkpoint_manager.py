"""Keeps a training on disk, and brings it back."""

from __future__ import annotations

import time

import numpy as np

from ctc.artifacts.run import Run
from ctc.errors import InputError
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import write_history
from ctc.training.model.network import save_weights
from ctc.training.plan import Plan
from ctc.training.run_folder import full_disk_told
from ctc.training.trainer.checkpoints import Checkpoints
from ctc.training.trainer.run_batches import NotANumberError
from ctc.training.trainer.state import Progress
from ctc.training.trainer.train_step import Learner


class Keeper:
    """Writes checkpoints, best weights and history of a run, and reads the newest checkpoint."""

    def __init__(self, run: Run, config: TrainingConfig) -> None:
        self._run = run
        self._checkpoints = Checkpoints(run.checkpoints)
        self._every_steps = config.checkpoint_steps
        self._every_seconds = 60 * config.checkpoint_minutes
        self._saved_at = time.monotonic()
        self._where = config.where

    @property
    def has_checkpoint(self) -> bool:
        return not self._checkpoints.empty

    def due(self, step: int) -> bool:
        """Whether it is time for a checkpoint when `step` batches of an epoch are done."""
        by_steps = self._every_steps is not None and step % self._every_steps == 0
        return by_steps or time.monotonic() - self._saved_at >= self._every_seconds

    def save(self, progress: Progress, learner: Learner) -> None:
        """Write a checkpoint. Raises NotANumberError, and writes none, when a weight is no number; CtcError when the disk is full."""
        arrays = learner.arrays()
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise NotANumberError(f"a weight of '{name.split('/', 2)[2]}' is not a number")
        with full_disk_told(self._run):
            if self._where.first:
                self._checkpoints.save(progress.epoch, progress.step, progress.to_json(), arrays)
        self._saved_at = time.monotonic()

    def finish_epoch(self, progress: Progress, learner: Learner) -> None:
        """Keep what an epoch came to: the checkpoint first, from which the rest can be made again."""
        self.save(progress, learner)
        self._write_results(progress, learner)

    def take_up(self, plan: Plan, progress: Progress) -> Learner:
        """Bring `progress` to the newest checkpoint and give the learner that belongs to it; the beginning when there is none.

        Raises InputError when the checkpoint doesn't fit the plan.
        """
        self._where.wait_for_all()
        newest, head_epochs = self._checkpoints.newest(), plan.config.head_epochs
        if newest is None:
            learner = Learner(plan, progress.parts, heads_only=head_epochs > 0)
            if plan.origin:
                learner.begin_with(plan.origin)
            return learner
        progress.restore(newest.progress)
        learner = Learner(plan, progress.parts, heads_only=progress.epoch < head_epochs)
        try:
            if progress.epoch == head_epochs and progress.step == 0:
                learner.restore_network(newest.arrays)
                progress.begin_phase()
            else:
                learner.restore(newest.arrays, newest.progress["parts"])
        except InputError as error:
            raise InputError(f"the checkpoint '{newest.path}' doesn't fit the network: {error}") from None
        if progress.epochs and progress.step == 0:
            self._write_results(progress, learner)
        return learner

    def _write_results(self, progress: Progress, learner: Learner) -> None:
        if not self._where.first:
            return
        with full_disk_told(self._run):
            if progress.best == progress.epoch - 1:
                save_weights(learner.network, self._run.best_weights)
            write_history(self._run.history, progress.epochs)
