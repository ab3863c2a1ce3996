"""Who is told of every epoch: TensorBoard, MLflow, and the picture of the curves."""

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
    """Told of how a training goes."""

    def on_epoch_end(self, epochs: Sequence[Epoch]) -> None:
        """An epoch is over, or a training is taken up: these are all epochs so far."""

    def on_train_end(self, test: SplitMetrics | None) -> None:
        """The training is over; `test` is None without a test split."""


def make_callbacks(run: Run, config: TrainingConfig) -> list[Callback]:
    """Those that the options ask for. Raises MissingExtraError when MLflow is, and isn't
    installed."""
    asked: list[Callback] = [TrainingPlots(run)]
    if config.tensorboard:
        asked.append(TensorBoard(run))
    if config.mlflow:
        asked.append(MlflowLogger(run, config))
    return asked
