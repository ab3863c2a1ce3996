"""What a training is told to do: every option, in one frozen record that goes into run.json and
comes back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from ctc.artifacts.preprocessing import ImageChoice, ResizeMode
from ctc.artifacts.run import RUN_FILE, Run, RunInfo
from ctc.errors import InputError, UsageError
from ctc.hardware import usable_cores
from ctc.plugin import Augmentation
from ctc.storage.paths import parse_path
from ctc.training.distributed.topology import Topology

LossName = Literal["cross-entropy", "focal"]
ScheduleName = Literal["plateau", "cosine"]
MixedPrecision = Literal["none", "bfloat16", "float16"]
Transfer = Literal["last-layer", "all-layers"]
Sampling = Literal["natural", "balanced", "effective"]
OptimizerName = Literal["sgd", "rmsprop", "adamw"]
ColorName = Literal["none", "little", "full_fast", "full_randomized"]

DEFAULT_LEARNING_RATE: Mapping[OptimizerName, float] = {
    "sgd": 0.01,
    "rmsprop": 0.001,
    "adamw": 0.001,
}
DEFAULT_WARMUP_EPOCHS: Mapping[ScheduleName, float] = {"plateau": 0.0, "cosine": 1.0}
DEFAULT_PATIENCE = 3
NATURAL: Sampling = "natural"
DEFAULT_WEIGHT_DECAY: Mapping[OptimizerName, float] = {
    "sgd": 0.0001,
    "rmsprop": 0.0001,
    "adamw": 0.01,
}


UNTRUSTED_SUFFIXES = frozenset({".h5", ".hdf5", ".keras", ".pb", ".pt", ".pth", ".pkl"})


@dataclass(frozen=True)
class TrainingConfig:
    """Every option of `ctc train`. None means: what suits the backbone, the optimizer or the
    machine (`resolve` fills it in).

    `label_weights`: factor of a label's loss, 1 where absent. `multi_label`: those labels that may
    have several classes at once. `sampling`: how often an event comes, by its class of
    `sampling_label` (the first label unless given): as often as it would weigh with those
    `class_weights`. `start_from` is `--from`, the run to begin with. `freeze`: which layers keep
    their weights (see `freeze.py`); for the first `head_epochs` all but the heads do.
    `class_weights`: see `class_weights.py`. `steps_per_epoch`: end an epoch early. `clip_norm`: the
    longest that the gradient of all weights may be. Patience is counted in epochs without a lower
    validation loss. `crop`, `zoom` are shares of a side (0–0.5), `rotate` is in degrees (0–180).
    `accumulate`: in how many parts a batch is taken. `checkpoint_minutes`, `checkpoint_steps`: how
    often, within an epoch, a checkpoint is written."""

    dataset: str
    output: str
    backbone: str
    labels: tuple[str, ...]
    label_weights: Mapping[str, float] = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()
    loader: str = "auto"
    height: int | None = None
    width: int | None = None
    weights: str | None = None
    start_from: str | None = None
    transfer: Transfer | None = None
    freeze: str = "none"
    head_epochs: int = 0
    loss: LossName = "cross-entropy"
    label_smoothing: float = 0.0
    class_weights: str = "none"
    sampling: Sampling = NATURAL
    sampling_label: str | None = None
    resize: ResizeMode = "stretch"
    image_choice: ImageChoice = "random"
    observation: Literal["first", "random"] = "first"
    on_bad_record: Literal["fail", "skip"] = "fail"
    batch_size: int = 128
    epochs: int = 70
    steps_per_epoch: int | None = None
    optimizer: OptimizerName = "sgd"
    learning_rate: float | None = None
    weight_decay: float | None = None
    schedule: ScheduleName = "plateau"
    warmup_epochs: float | None = None
    clip_norm: float | None = None
    mixed_precision: MixedPrecision = "none"
    early_stopping_patience: int | None = None
    reduce_lr_patience: int = 2
    reduce_lr_factor: float = 0.1
    min_learning_rate: float = 1e-5
    color: ColorName = "full_randomized"
    crop: float = 0.1
    zoom: float = 0.1
    rotate: float = 5.0
    flip: bool = True
    threads: int | None = None
    seed: int = 0
    deterministic: bool = False
    accumulate: int = 1
    checkpoint_minutes: float = 10.0
    checkpoint_steps: int | None = None
    tensorboard: bool = False
    mlflow: bool = False
    devices: int = 1
    hosts: int = 1
    host_index: int = 0
    coordinator: str | None = None

    def resolve(self, input_size: tuple[int, int], loader: str) -> TrainingConfig:
        """The same with nothing left open: `input_size` (height, width) of the backbone, `loader`
        as chosen.

        Colour augmentation is off for grayscale stacking, whose channels are moments in time. A
        cosine runs to its end unless early stopping is asked for."""
        stacked, cosine = self.image_choice == "grayscale_stacking", self.schedule == "cosine"
        rate, decay, warmup = self.learning_rate, self.weight_decay, self.warmup_epochs
        return replace(
            self,
            dataset=str(parse_path(self.dataset).absolute()),
            output=str(Path(self.output).absolute()),
            loader=loader,
            weights=_absolute_path(self.weights),
            start_from=_absolute_path(self.start_from),
            class_weights=_absolute_path(self.class_weights) or self.class_weights,
            height=self.height or input_size[0],
            width=self.width or input_size[1],
            learning_rate=DEFAULT_LEARNING_RATE[self.optimizer] if rate is None else rate,
            weight_decay=DEFAULT_WEIGHT_DECAY[self.optimizer] if decay is None else decay,
            warmup_epochs=DEFAULT_WARMUP_EPOCHS[self.schedule] if warmup is None else warmup,
            early_stopping_patience=self.early_stopping_patience
            or (self.epochs if cosine else DEFAULT_PATIENCE),
            freeze="backbone" if self.transfer == "last-layer" else self.freeze,
            threads=self.threads or usable_cores(),
            color="none" if stacked else self.color,
        )

    @property
    def topology(self) -> Topology:
        """What computes."""
        return Topology(self.devices, self.hosts, self.host_index, self.coordinator)

    def augmentation(self) -> Augmentation:
        """How the training photos are varied."""
        return Augmentation(
            self.color, self.crop, self.zoom, self.rotate, self.flip, self.resize == "fit-crop"
        )

    def to_json(self) -> dict[str, Any]:
        told = {"labels": list(self.labels), "multi_label": list(self.multi_label)}
        return {**asdict(self), **told, "label_weights": dict(self.label_weights)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TrainingConfig:
        """Raises InputError when an option is unknown or a required one is missing."""
        unknown = sorted(set(data) - {one.name for one in fields(cls)})
        if unknown:
            raise InputError(
                f"there is no training option called '{unknown[0]}': was it written by a newer ctc?"
            )
        try:
            told = {
                "labels": tuple(data["labels"]),
                "multi_label": tuple(data.get("multi_label", ())),
            }
            return cls(**{**data, **told, "label_weights": dict(data["label_weights"])})
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the training options are incomplete: {error}") from None


def _absolute_path(path: str | None) -> str | None:
    """For a name that is no path, that name."""
    return str(Path(path).absolute()) if path is not None and Path(path).exists() else path


def reject_untrusted_checkpoint(path: Path) -> None:
    """Raise UsageError for what looks like the model file of another program."""
    if path.suffix in UNTRUSTED_SUFFIXES:
        raise UsageError(
            f"'{path}' is not a run: code in it could be run by loading it, so ctc takes only folders of its own runs"
        )


def read_config(path: Path) -> tuple[TrainingConfig, RunInfo]:
    """The options of an earlier run and what it noted: `path` is its run.json, or the run
    folder."""
    path = path / RUN_FILE if path.is_dir() else path
    reject_untrusted_checkpoint(path)
    if path.name != RUN_FILE:
        raise UsageError(f"'{path}' is not a '{RUN_FILE}': give the '{RUN_FILE}' of a run")
    info = Run(path.parent).read()
    try:
        return TrainingConfig.from_json(info.config), info
    except InputError as error:
        raise InputError(f"'{path}': {error}") from None
