"""Run folder: the output of `ctc train`.

run.json                  resolved configuration, versions, devices, dataset fingerprint, seed
history.csv               one row per epoch
best.weights.npz          weights of the best epoch
curves.png                plot of the losses and metrics
test.json                 metrics of the best epoch on the test split, if there is one
test_predictions.csv      predictions of the best epoch for the events of the test split
tensorboard/              logs for TensorBoard, with --tensorboard
mlflow.json               the run's id in MLflow, with --mlflow
checkpoints/              weights and state to resume from
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.file_kind import describe_other_kind
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import InputError, UsageError, describe_damage
from ctc.storage.json_file import check_format, read_object, write_object

RUN_FILE = "run.json"
FORMAT = "ctc-run"
FORMAT_VERSION = 1

UNTRUSTED_SUFFIXES = frozenset({".h5", ".hdf5", ".keras", ".pb", ".pt", ".pth", ".pkl"})
"""Suffixes of model files of other programs, which could run code when they are loaded."""


@dataclass(frozen=True)
class RunInfo:
    """Contents of run.json.

    `config`: every option of the training, as resolved. `labels`: per label its classes, in order.
    `multi_label`: the labels that may have several classes at once. `channel_mean`, `channel_std`:
    the standardisation inside the model (R, G, B, scaled to 0–1). `dataset`: path and fingerprint.
    `teacher`: path and digest of the model file that taught the network, empty for none.
    `devices`: the devices that trained, by Keras's names, such as `gpu:0`, with their kind where it
    is known.
    """

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
    teacher: Mapping[str, str] = field(default_factory=dict)

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
            "teacher": dict(self.teacher),
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
            teacher=data.get("teacher", {}),
        )


@dataclass(frozen=True)
class Run:
    """Paths of the files in a run folder."""

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
        """All files and folders that a training run writes."""
        results = (
            self.history,
            self.best_weights,
            self.curves,
            self.test_scores,
            self.test_predictions,
        )
        return (self.info_path, *results, self.tensorboard, self.mlflow, self.checkpoints)

    def read(self) -> RunInfo:
        """Read run.json.

        Raises CtcError if the folder is not a run, or was written by a newer ctc.
        """
        if other := describe_other_kind(self.folder, "run"):
            raise UsageError(other)
        if not self.folder.exists():
            raise UsageError(f"run '{self.folder}' does not exist: make one with `ctc train`")
        data = read_object(self.info_path, "the run.json of a run that `ctc train` made")
        check_format(data, self.info_path, FORMAT, FORMAT_VERSION)
        try:
            return RunInfo.from_json(data)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            damage = describe_damage(error)
            raise InputError(f"'{self.info_path}' is damaged ({damage}): train again") from None

    def write(self, info: RunInfo) -> None:
        """Write run.json."""
        write_object(self.info_path, info.to_json())


def open_run(path: Path) -> Run:
    """Return the run at `path`, which is its folder or its run.json.

    Raises UsageError for any other file.
    """
    path = path / RUN_FILE if path.is_dir() else path
    reject_untrusted_checkpoint(path)
    if path.name != RUN_FILE:
        raise UsageError(f"'{path}' is not a '{RUN_FILE}': give the '{RUN_FILE}' of a run")
    return Run(path.parent)


def reject_untrusted_checkpoint(path: Path) -> None:
    """Raise UsageError if `path` looks like a model file of another program."""
    if path.suffix in UNTRUSTED_SUFFIXES:
        raise UsageError(
            f"'{path}' is not a run: loading it could run code from the file, so ctc loads only "
            "folders of its own runs"
        )
