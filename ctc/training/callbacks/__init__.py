"""Callbacks of a training: plots, TensorBoard, MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ctc.artifacts.run import Run
from ctc.training.callbacks.mlflow import MlflowLogger
from ctc.training.callbacks.plots import TrainingPlots
from ctc.training.callbacks.tensorboard import TensorBoard
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import SplitMetrics


class Callback(Protocol):
    """Called after each epoch and at the end of a training."""

    def on_epoch_end(self, epochs: Sequence[Epoch]) -> None:
        """Handle a finished epoch or a resumed training; `epochs` are all epochs so far."""

    def on_train_end(self, test: SplitMetrics | None) -> None:
        """Handle the end of the training; `test` is None without a test split."""


def make_callbacks(run: Run, config: TrainingConfig) -> list[Callback]:
    """Return the callbacks that the options ask for.

    Raises MissingExtraError if MLflow is one of them and not installed.
    """
    callbacks: list[Callback] = [TrainingPlots(run)]
    if config.tensorboard:
        callbacks.append(TensorBoard(run))
    if config.mlflow:
        callbacks.append(MlflowLogger(run, config))
    return callbacks
