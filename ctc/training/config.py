"""The options of a training, as one frozen record that run.json stores and restores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from ctc.artifacts.model.preprocessing import ImageChoice, LoaderResize
from ctc.errors import InputError
from ctc.hardware import usable_cores
from ctc.plugin import Augmentation
from ctc.storage.paths import parse_path
from ctc.training.distributed.topology import Topology

LossName = Literal["cross-entropy", "focal"]
ScheduleName = Literal["plateau", "cosine"]
MixedPrecision = Literal["none", "bfloat16", "float16"]
Transfer = Literal["last-layer", "all-layers"]
Sampling = Literal["natural", "balanced", "effective", "sqrt"]
OptimizerName = Literal["sgd", "rmsprop", "adamw"]
ColorName = Literal["none", "little", "full_fast", "full_randomized"]

DEFAULT_LEARNING_RATE: Mapping[OptimizerName, float] = {
    "sgd": 0.01,
    "rmsprop": 0.001,
    "adamw": 0.001,
}
DEFAULT_WEIGHT_DECAY: Mapping[OptimizerName, float] = {
    "sgd": 0.0001,
    "rmsprop": 0.0001,
    "adamw": 0.01,
}
DEFAULT_WARMUP_EPOCHS: Mapping[ScheduleName, float] = {"plateau": 0.0, "cosine": 1.0}
PATIENCE_FACTOR = 2
"""Epochs of early stopping, with a plateau schedule, per epoch of `reduce_lr_patience`."""
BATCH_SIZES, EPOCH_STEPS = (8, 16, 32, 64, 128), 32
"""The default batch size is the largest of these with which an epoch has so many steps."""
DEFAULT_TEACHER: Mapping[str, float] = {"teacher_weight": 0.5, "teacher_temperature": 2.0}
NATURAL: Sampling = "natural"


@dataclass(frozen=True)
class TrainingConfig:
    """Every option of `ctc train`.

    None stands for a value that depends on the backbone, the optimizer or the machine; `resolve`
    fills it in.

    label_weights                factor of a label's loss; 1 for labels that are not listed
    multi_label                  labels that may have several classes at once
    start_from                   `--from`: the run whose backbone weights to start with
    freeze                       the layers that are not trained, see `model/freeze.py`
    head_epochs                  number of first epochs in which only the heads are trained
    class_weights                see `model/class_weights.py`
    mixup, cutmix                α of either, 0 = off, see `model/mixing.py`
    sampling, sampling_label     how often an event is drawn, by its class of `sampling_label`
                                 (default: the first label): in proportion to those `class_weights`
    teacher                      model file to learn from, see `model/teacher.py`
    teacher_weight               share of its answers in the loss, 0–1
    teacher_temperature          what the logits of both are divided by
    logit_adjustment             τ, 0 = off, see `model/logit_adjustment.py`
    layer_decay                  1 = off, see `model/layer_rates.py`
    ema                          decay of the averages of the weights, see
                                 `trainer/weight_averages.py`
    steps_per_epoch              upper limit of the steps of an epoch
    clip_norm                    largest global norm of the gradient
    early_stopping_patience, reduce_lr_patience
                                 epochs without a lower validation loss
    crop, zoom                   fraction of a side, 0–0.5
    rotate                       degrees, 0–180
    randaugment                  number of operations, 0 = off, of `randaugment_magnitude`, 0–10
    random_erasing               probability, 0–1
    backbone_options, loader_options
                                 values of the options that these plugins declare, by key
    accumulate                   gradient accumulation steps: micro-batches per batch
    checkpoint_minutes, checkpoint_steps
                                 how often a checkpoint is written within an epoch
    """

    dataset: str
    output: str
    backbone: str
    labels: tuple[str, ...]
    label_weights: Mapping[str, float] = field(default_factory=dict)
    multi_label: tuple[str, ...] = ()
    backbone_options: Mapping[str, Any] = field(default_factory=dict)
    loader: str = "auto"
    loader_options: Mapping[str, Any] = field(default_factory=dict)
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
    teacher: str | None = None
    teacher_weight: float = DEFAULT_TEACHER["teacher_weight"]
    teacher_temperature: float = DEFAULT_TEACHER["teacher_temperature"]
    logit_adjustment: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    sampling: Sampling = NATURAL
    sampling_label: str | None = None
    resize: LoaderResize = "stretch"
    image_choice: ImageChoice = "random"
    observation: Literal["first", "random"] = "first"
    on_bad_record: Literal["fail", "skip"] = "fail"
    batch_size: int | None = None
    epochs: int = 70
    steps_per_epoch: int | None = None
    optimizer: OptimizerName = "adamw"
    learning_rate: float | None = None
    weight_decay: float | None = None
    schedule: ScheduleName = "plateau"
    warmup_epochs: float | None = None
    layer_decay: float = 1.0
    clip_norm: float | None = None
    ema: float | None = None
    mixed_precision: MixedPrecision = "none"
    early_stopping_patience: int | None = None
    reduce_lr_patience: int = 4
    reduce_lr_factor: float = 0.1
    min_learning_rate: float = 1e-5
    color: ColorName = "full_randomized"
    crop: float = 0.1
    zoom: float = 0.1
    rotate: float = 5.0
    flip: bool = True
    randaugment: int = 0
    randaugment_magnitude: float = 5.0
    random_erasing: float = 0.0
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
        """Return the same options with every value that is derived filled in.

        `input_size`: (height, width) of the backbone, for neither --height nor --width; one of them
        alone makes a square. `loader`: the name of the chosen loader.
        Colour augmentation is off for grayscale stacking, where the channels are points in time. A
        cosine schedule runs to its end unless early stopping was asked for.
        """
        stacked, cosine = self.image_choice == "grayscale_stacking", self.schedule == "cosine"
        rate, decay, warmup = self.learning_rate, self.weight_decay, self.warmup_epochs
        return replace(
            self,
            dataset=str(parse_path(self.dataset).absolute()),
            output=str(Path(self.output).absolute()),
            loader=loader,
            weights=_absolute_path(self.weights),
            start_from=_absolute_path(self.start_from),
            teacher=_absolute_path(self.teacher),
            class_weights=_absolute_path(self.class_weights) or self.class_weights,
            height=self.height or self.width or input_size[0],
            width=self.width or self.height or input_size[1],
            learning_rate=DEFAULT_LEARNING_RATE[self.optimizer] if rate is None else rate,
            weight_decay=DEFAULT_WEIGHT_DECAY[self.optimizer] if decay is None else decay,
            warmup_epochs=DEFAULT_WARMUP_EPOCHS[self.schedule] if warmup is None else warmup,
            early_stopping_patience=self.early_stopping_patience
            or (self.epochs if cosine else PATIENCE_FACTOR * self.reduce_lr_patience),
            freeze="backbone" if self.transfer == "last-layer" else self.freeze,
            threads=self.threads or usable_cores(),
            color="none" if stacked else self.color,
        )

    @property
    def topology(self) -> Topology:
        """The devices and hosts to train on."""
        return Topology(self.devices, self.hosts, self.host_index, self.coordinator)

    def augmentation(self) -> Augmentation:
        """Return the augmentation of training photos."""
        return Augmentation(
            self.color,
            self.crop,
            self.zoom,
            self.rotate,
            self.flip,
            self.resize == "fit-crop",
            randaugment=self.randaugment,
            randaugment_magnitude=self.randaugment_magnitude,
            random_erasing=self.random_erasing,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes; options of plugins only if there are any."""
        changed: dict[str, Any] = {
            "labels": list(self.labels),
            "multi_label": list(self.multi_label),
            "label_weights": dict(self.label_weights),
            "backbone_options": dict(self.backbone_options),
            "loader_options": dict(self.loader_options),
        }
        values = {**asdict(self), **changed}
        empty = [name for name in ("backbone_options", "loader_options") if not values[name]]
        return {name: value for name, value in values.items() if name not in empty}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TrainingConfig:
        """Raises InputError if an option is unknown or a required one is missing."""
        unknown = sorted(set(data) - {one.name for one in fields(cls)})
        if unknown:
            raise InputError(
                f"there is no training option called '{unknown[0]}': was it written by a newer ctc?"
            )
        try:
            tuples = {
                "labels": tuple(data["labels"]),
                "multi_label": tuple(data.get("multi_label", ())),
            }
            return cls(**{**data, **tuples, "label_weights": dict(data["label_weights"])})
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the training options are incomplete: {error}") from None


def default_batch_size(photos: int, devices: int = 1) -> int:
    """Return the batch size for a train split of so many photos: a multiple of the devices."""
    size = max(
        (size for size in BATCH_SIZES if size * EPOCH_STEPS <= photos), default=BATCH_SIZES[0]
    )
    return max(1, size // devices) * devices


def _absolute_path(path: str | None) -> str | None:
    """Return the absolute path of a file or folder; any other value as it is."""
    return str(Path(path).absolute()) if path is not None and Path(path).exists() else path
