"""Logs for MLflow, where `MLFLOW_TRACKING_URI` or a folder `mlruns` has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ctc.artifacts.run import Run
from ctc.errors import CtcError, MissingExtraError
from ctc.storage.json_file import read_object, write_object
from ctc.training.config import TrainingConfig
from ctc.training.metrics.history import Epoch
from ctc.training.metrics.metrics import PassResult

_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")
EXPERIMENT = "camera-trap-classifier"


class MlflowLog:
    """One run of MLflow for a run of ours, also when it is taken up; mlflow.json remembers which, and how many epochs it has.

    Raises MissingExtraError without MLflow, CtcError when its server can't be reached.
    """

    def __init__(self, run: Run, config: TrainingConfig) -> None:
        try:
            from mlflow import MlflowClient
        except ModuleNotFoundError:
            raise MissingExtraError("--mlflow", "mlflow") from None
        self._run, self._config = run, config
        self._client = MlflowClient()
        self._id, self._logged = "", 0

    def follow(self, epochs: Sequence[Epoch]) -> None:
        self._open()
        for epoch in epochs[self._logged :]:
            passes = {"": epoch.training} | ({"val_": epoch.validation} if epoch.validation else {})
            for prefix, measured in passes.items():
                self._log(prefix, measured, epoch.index + 1)
            self._client.log_metric(self._id, "learning_rate", epoch.learning_rate, step=epoch.index + 1)
        self._logged = max(self._logged, len(epochs))
        write_object(self._run.mlflow, {"run_id": self._id, "epochs": self._logged})

    def end(self, test: PassResult | None) -> None:
        if test:
            self._log("test_", test, self._logged)
        for path in (self._run.info_path, self._run.history, self._run.curves, self._run.best_weights):
            if path.exists():
                self._client.log_artifact(self._id, str(path))
        self._client.set_terminated(self._id)

    def _open(self) -> None:
        if self._id:
            return
        if self._run.mlflow.exists():
            known = read_object(self._run.mlflow, "what ctc remembers of MLflow")
            self._id, self._logged = known["run_id"], known["epochs"]
            return
        from mlflow.exceptions import MlflowException

        try:
            experiment = self._client.get_experiment_by_name(EXPERIMENT)
            number = experiment.experiment_id if experiment else self._client.create_experiment(EXPERIMENT)
            self._id = self._client.create_run(number, run_name=self._run.folder.name).info.run_id
        except MlflowException as error:
            raise CtcError(
                f"MLflow can't be reached: {error}; check MLFLOW_TRACKING_URI or leave --mlflow out"
            ) from None
        for name, value in self._config.to_json().items():
            self._client.log_param(self._id, name, value)

    def _log(self, prefix: str, measured: PassResult, step: int) -> None:
        values: dict[str, Any] = {"loss": measured.loss}
        for label, score in measured.labels.items():
            if score.n:
                values |= {f"{name}/{label}": value for name, value in score.figures.items()}
        for name, value in values.items():
            allowed = _NOT_IN_NAMES.sub("_", f"{prefix}{name}")
            self._client.log_metric(self._id, allowed, value, step=step)
