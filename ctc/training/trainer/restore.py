"""Start of a training: from the newest checkpoint, or from the initial weights."""

from __future__ import annotations

from ctc.errors import InputError
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.checkpoint_manager import CheckpointManager
from ctc.training.trainer.checkpoints import Checkpoint
from ctc.training.trainer.state import TrainState
from ctc.training.trainer.steps.train_step import ModelRunner


def restore(
    plan: TrainingPlan, manager: CheckpointManager, accumulation_steps: int
) -> tuple[TrainState, ModelRunner]:
    """Return the state and the network of the newest checkpoint; the initial ones without one.

    `accumulation_steps`: the least to use; a checkpoint may need more. Raises InputError if the
    checkpoint does not fit the plan.
    """
    state = TrainState.initial(plan.config, plan.learning_rate, accumulation_steps)
    checkpoint = manager.restore_latest()
    if checkpoint is None:
        return state, _initial_runner(plan, accumulation_steps)
    state.restore(checkpoint.train_state)
    heads_only = state.epoch < plan.config.head_epochs
    runner = ModelRunner(plan, state.accumulation_steps, heads_only=heads_only)
    try:
        _load(checkpoint, state, runner, plan.config.head_epochs)
    except InputError as error:
        raise InputError(
            f"the checkpoint '{checkpoint.path}' doesn't fit the network: {error}"
        ) from None
    if state.epochs and state.step == 0:
        manager.write_results(state, runner)
    return state, runner


def _initial_runner(plan: TrainingPlan, accumulation_steps: int) -> ModelRunner:
    runner = ModelRunner(plan, accumulation_steps, heads_only=plan.config.head_epochs > 0)
    if plan.initial_weights:
        runner.load_backbone(plan.initial_weights)
    return runner


def _load(checkpoint: Checkpoint, state: TrainState, runner: ModelRunner, head_epochs: int) -> None:
    """Load all arrays; where the backbone starts to train, all but the optimizer's."""
    if state.epoch == head_epochs and state.step == 0:
        runner.load_network_state(checkpoint.arrays)
        state.start_phase()
    else:
        runner.load_state_dict(checkpoint.arrays, checkpoint.accumulation_steps)
