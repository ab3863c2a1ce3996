"""Logging to MLflow, at `MLFLOW_TRACKING_URI` or in a folder `mlruns`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ctc.artifacts.run import Run
from ctc.errors import CtcError, MissingExtraError
from ctc.storage.json_file import read_object, write_object
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import SplitMetrics

_INVALID_NAME_CHARACTERS = re.compile(r"[^\w\-. :/]")
EXPERIMENT = "camera-trap-classifier"


class MlflowLogger:
    """Logs a run to one MLflow run, also when it is resumed.

    mlflow.json stores the id of that run and how many epochs it has. Raises MissingExtraError
    without MLflow, CtcError if its server can't be reached.
    """

    def __init__(self, run: Run, config: TrainingConfig) -> None:
        try:
            from mlflow import MlflowClient
        except ModuleNotFoundError:
            raise MissingExtraError("--mlflow", "mlflow") from None
        self._run, self._config = run, config
        self._client = MlflowClient()
        self._run_id, self._logged_epochs = "", 0

    def on_epoch_end(self, epochs: Sequence[Epoch]) -> None:
        self._ensure_run()
        for epoch in epochs[self._logged_epochs :]:
            passes = {"": epoch.training} | ({"val_": epoch.validation} if epoch.validation else {})
            for prefix, metrics in passes.items():
                self._log_metrics(prefix, metrics, epoch.index + 1)
            self._client.log_metric(
                self._run_id, "learning_rate", epoch.learning_rate, step=epoch.index + 1
            )
        self._logged_epochs = max(self._logged_epochs, len(epochs))
        write_object(self._run.mlflow, {"run_id": self._run_id, "epochs": self._logged_epochs})

    def on_train_end(self, test: SplitMetrics | None) -> None:
        if test:
            self._log_metrics("test_", test, self._logged_epochs)
        for path in (
            self._run.info_path,
            self._run.history,
            self._run.curves,
            self._run.best_weights,
        ):
            if path.exists():
                self._client.log_artifact(self._run_id, str(path))
        self._client.set_terminated(self._run_id)

    def _ensure_run(self) -> None:
        if self._run_id:
            return
        if self._run.mlflow.exists():
            stored = read_object(self._run.mlflow, "the MLflow run of this training")
            self._run_id, self._logged_epochs = stored["run_id"], stored["epochs"]
            return
        from mlflow.exceptions import MlflowException

        try:
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            experiment_id = (
                experiment.experiment_id
                if experiment
                else self._client.create_experiment(EXPERIMENT)
            )
            self._run_id = self._client.create_run(
                experiment_id, run_name=self._run.folder.name
            ).info.run_id
        except MlflowException as error:
            raise CtcError(
                f"MLflow can't be reached: {error}; "
                "check MLFLOW_TRACKING_URI, or leave --mlflow out"
            ) from None
        for name, value in self._config.to_json().items():
            self._client.log_param(self._run_id, name, value)

    def _log_metrics(self, prefix: str, metrics: SplitMetrics, step: int) -> None:
        values: dict[str, Any] = {"loss": metrics.loss}
        for label, score in metrics.labels.items():
            if score.n:
                values |= {f"{name}/{label}": value for name, value in score.named_metrics.items()}
        for name, value in values.items():
            valid_name = _INVALID_NAME_CHARACTERS.sub("_", f"{prefix}{name}")
            self._client.log_metric(self._run_id, valid_name, value, step=step)
