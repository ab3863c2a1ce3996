"""A run folder: what `ctc train` leaves.

run.json                  the resolved configuration, versions, devices, dataset fingerprint, seed
history.csv               one row per epoch
best.weights.npz          the weights of the best epoch
curves.png                how the losses and scores went
test.json                 how that epoch does on the test split, when there is one
test_predictions.csv      and what it says of each of its events
tensorboard/              logs for TensorBoard, with --tensorboard
mlflow.json               which run of MLflow this is, with --mlflow
checkpoints/              weights and state to resume from
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import InputError
from ctc.storage.json_file import check_format, read_object, write_object

RUN_FILE = "run.json"
FORMAT = "ctc-run"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class RunInfo:
    """What run.json says. `config`: every option of the training as resolved; `labels`: classes in
    order; `multi_label`: those labels that may have several classes at once; `channel_mean`,
    `channel_std`: the standardisation inside the model (R, G, B, scaled to 0–1); `dataset`: path
    and fingerprint; `devices`: what computed, as Keras calls it, such as `gpu:0`, and its kind
    where that is known."""

    config: Mapping[str, Any]
    backbone: str
    labels: Mapping[str, tuple[str, ...]]
    preprocessing: Preprocessing
    channel_mean: tuple[float, float, float]
    channel_std: tuple[float, float, float]
    dataset: Mapping[str, str]
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "config": dict(self.config),
            "backbone": self.backbone,
            "labels": {label: list(classes) for label, classes in self.labels.items()},
            "multi_label": list(self.multi_label),
            "preprocessing": self.preprocessing.to_json(),
            "channel_mean": list(self.channel_mean),
            "channel_std": list(self.channel_std),
            "dataset": dict(self.dataset),
            "seed": self.seed,
            "versions": dict(self.versions),
            "devices": list(self.devices),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunInfo:
        mean, std = data["channel_mean"], data["channel_std"]
        return cls(
            config=data["config"],
            backbone=data["backbone"],
            labels={label: tuple(classes) for label, classes in data["labels"].items()},
            preprocessing=Preprocessing.from_json(data["preprocessing"]),
            channel_mean=(mean[0], mean[1], mean[2]),
            channel_std=(std[0], std[1], std[2]),
            dataset=data["dataset"],
            seed=data["seed"],
            versions=data["versions"],
            multi_label=tuple(data.get("multi_label", ())),
            devices=tuple(data.get("devices", ())),
        )


@dataclass(frozen=True)
class Run:
    """A run folder and where its files are."""

    folder: Path

    @property
    def info_path(self) -> Path:
        return self.folder / RUN_FILE

    @property
    def history(self) -> Path:
        return self.folder / "history.csv"

    @property
    def best_weights(self) -> Path:
        return self.folder / "best.weights.npz"

    @property
    def curves(self) -> Path:
        return self.folder / "curves.png"

    @property
    def tensorboard(self) -> Path:
        return self.folder / "tensorboard"

    @property
    def mlflow(self) -> Path:
        return self.folder / "mlflow.json"

    @property
    def test_predictions(self) -> Path:
        return self.folder / "test_predictions.csv"

    @property
    def test_scores(self) -> Path:
        return self.folder / "test.json"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def files(self) -> tuple[Path, ...]:
        """All files and folders that a training writes."""
        results = (
            self.history,
            self.best_weights,
            self.curves,
            self.test_scores,
            self.test_predictions,
        )
        return (self.info_path, *results, self.tensorboard, self.mlflow, self.checkpoints)

    def read(self) -> RunInfo:
        """Raises CtcError when the folder is not a run, or was written by a newer ctc."""
        data = read_object(self.info_path, "the description of a run that `ctc train` made")
        check_format(data, self.info_path, FORMAT, FORMAT_VERSION)
        try:
            return RunInfo.from_json(data)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise InputError(f"'{self.info_path}' is damaged ({error!r}): train again") from None

    def write(self, info: RunInfo) -> None:
        write_object(self.info_path, info.to_json())
