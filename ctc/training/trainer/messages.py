"""Messages about the learning rate and the end of a training, with the options that change it."""

from __future__ import annotations

from ctc.artifacts.run import Run
from ctc.reporting import counted
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.run_folder import resume_command
from ctc.training.trainer.state import TrainState


def describe_lower_rate(learning_rate: float, config: TrainingConfig, epoch: Epoch) -> str:
    """Return the message about a learning rate that was reduced after `epoch`."""
    return (
        f"learning rate reduced to {learning_rate:.3g}: "
        f"{_without_improvement(config.reduce_lr_patience, epoch)} (--reduce-lr-patience)"
    )


def describe_end(state: TrainState, config: TrainingConfig, run: Run) -> str:
    """Return why a training has ended, and the command that extends it."""
    more, why = [], f"epoch {state.epoch} of {config.epochs} is done"
    if state.epoch >= config.epochs:
        more.append(f"--epochs {2 * config.epochs}")
    if state.early_stopping.is_exhausted:
        patience = state.early_stopping.patience
        epochs = _without_improvement(patience, state.epochs[-1])
        why = f"early stopping: {epochs} (--early-stopping-patience)"
        more.append(f"--early-stopping-patience {2 * patience}")
    return f"{why}; to train longer: {resume_command(run)} {' '.join(more)}"


def _without_improvement(patience: int, epoch: Epoch) -> str:
    loss = "validation loss" if epoch.validation else "training loss"
    return f"{counted(patience, 'epoch')} without a lower {loss}"
