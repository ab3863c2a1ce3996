"""What a training will work with, looked up and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, repeat

import numpy as np

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.preprocessing import ImageChoice, Preprocessing
from ctc.artifacts.run import RunInfo
from ctc.errors import CtcError, UsageError, did_you_mean
from ctc.hardware import nvidia_gpus
from ctc.images.eval_samples import sample_count
from ctc.plugin import (
    Backbone,
    Batch,
    BatchStream,
    Loader,
    LoaderConfig,
    OutputFormat,
    SamplingWeights,
)
from ctc.plugin.manager import Plugins
from ctc.storage.paths import parse_path
from ctc.training.config import NATURAL, TrainingConfig
from ctc.training.model.class_weights import class_weights
from ctc.training.model.initial_weights import Channels, InitialWeights, resolve_initial_weights
from ctc.training.model.losses import Criterion
from ctc.training.model.lr_schedule import LearningRateSchedule
from ctc.training.model.multi_label_loss import MultiLabelCriterion

TRAIN = "train"


def select_labels(config: TrainingConfig, dataset: Dataset) -> tuple[Label, ...]:
    """The labels that the options name, in order. Raises UsageError when one isn't there, can't be
    learnt, or has a strange weight, and when --multi-label or --sampling-label names another."""
    if not config.labels:
        known = ", ".join(
            f"'{label.name}' ({len(label.classes)} classes)" for label in dataset.manifest.labels
        )
        raise UsageError(
            f"say what to learn with --label: '{dataset.display_path}' has {known or 'no labels'}"
        )
    dataset.shards(TRAIN)
    labels = tuple(dataset.label(name) for name in dict.fromkeys(config.labels))
    for label in labels:
        _check_classes(label, dataset)
    _check_known_labels("--label-weight", config.label_weights, config)
    _check_known_labels("--multi-label", config.multi_label, config)
    if config.sampling_label is not None:
        _check_known_labels("--sampling-label", [config.sampling_label], config)
        if config.sampling == NATURAL:
            raise UsageError(
                "--sampling-label says by which label to draw: add --sampling balanced, or leave it out"
            )
    _check_weights(config)
    return labels


def _check_known_labels(option: str, names: Iterable[str], config: TrainingConfig) -> None:
    for name in names:
        if name not in config.labels:
            near = did_you_mean(name, config.labels)
            raise UsageError(
                f"{option} names '{name}', which is not among the labels to learn{near}"
            )


def _check_weights(config: TrainingConfig) -> None:
    for name, weight in config.label_weights.items():
        if not 0 <= weight < float("inf"):
            raise UsageError(f"--label-weight of '{name}' is {weight}: it must be 0 or more")
    if all(config.label_weights.get(name, 1.0) == 0 for name in config.labels):
        raise UsageError("every --label-weight is 0: nothing would be learnt")


def _check_classes(label: Label, dataset: Dataset) -> None:
    counts = label.counts.get(TRAIN, ())
    seen = [name for name, count in zip(label.classes, counts, strict=False) if count > 0]
    if len(label.classes) < 2 or len(seen) < 2:
        only = f"only the class '{seen[0]}'" if seen else "no class"
        raise UsageError(
            f"the label '{label.name}' has {only} in the split '{TRAIN}' of '{dataset.display_path}': "
            f"there is nothing to tell apart, choose another --label"
        )


VALIDATION, TEST = "val", "test"
PREFERRED_LOADERS = ("dali", "turbo", "tfdata")
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what cv2's RGB2GRAY uses


@dataclass(frozen=True)
class TrainingPlan:
    """`config` is resolved; `labels` are those to learn, in order, and `criteria` how each is
    judged; `preprocessing` is what the network will say of its input; `loader_reason`: why it is
    this loader, '' when there is nothing to say; `channel_statistics`: mean and deviation per
    channel, 0–1, that pictures are standardised with; `initial_weights`: where the backbone's
    weights come from, None for random ones; `prediction_format`: the kind of file for those on the
    test split."""

    config: TrainingConfig
    dataset: Dataset
    backbone: Backbone
    loader: Loader
    loader_reason: str
    labels: tuple[Label, ...]
    preprocessing: Preprocessing
    criteria: Mapping[str, Criterion]
    schedule: LearningRateSchedule
    initial_weights: InitialWeights | None
    channel_statistics: tuple[Channels, Channels]
    prediction_format: OutputFormat
    learning_rate: float
    weight_decay: float
    threads: int

    @property
    def class_counts(self) -> dict[str, int]:
        """Label → how many classes."""
        return {label.name: len(label.classes) for label in self.labels}

    @property
    def label_weights(self) -> dict[str, float]:
        """Label → factor of its loss."""
        return {label.name: self.config.label_weights.get(label.name, 1.0) for label in self.labels}

    def has_split(self, split: str) -> bool:
        """Whether the dataset has events in that split, some of which have a label that is
        learnt."""
        return split in self.dataset.manifest.splits and any(
            sum(label.counts.get(split, ())) for label in self.labels
        )

    @property
    def local_batch_size(self) -> int:
        """This host's part of a batch."""
        return self.config.batch_size // self.config.hosts

    @property
    def photos_per_step(self) -> int:
        """How many photos a training step takes on this host: its part of a batch, or of all there
        are."""
        photos = sample_count(self.dataset, TRAIN, self.preprocessing) // self.config.hosts
        return min(self.local_batch_size, photos - photos % self.config.devices)

    @property
    def max_accumulation_steps(self) -> int:
        """In how many parts a batch can be taken, so that each device has a photo of each."""
        return self.photos_per_step // self.config.devices

    def training_loader_config(self) -> LoaderConfig:
        """Varied and shuffled; a last partial batch is left out (it would upset normalisation)."""
        return self._loader_config(self.photos_per_step, training=True)

    def evaluation_loader_config(self) -> LoaderConfig:
        """The pixels that prediction sees, each event once, in order; of several hosts' parts, all
        of the same size."""
        return self._loader_config(self.local_batch_size, training=False)

    def eval_batches(self, stream: BatchStream) -> Iterator[Batch]:
        """The batches of an evaluation, on each of several hosts as many: one that leaves out bad
        records would end earlier."""
        if self.config.hosts == 1:
            return stream.epoch(0)
        images = np.zeros((0, self.preprocessing.height, self.preprocessing.width, 3), np.uint8)
        rows = {
            label.name: (0, len(label.classes)) if label.name in self.config.multi_label else (0,)
            for label in self.labels
        }
        nothing = Batch(images, {label: np.zeros(row, np.int32) for label, row in rows.items()})
        return islice(chain(stream.epoch(0), repeat(nothing)), stream.steps)

    def _loader_config(self, size: int, *, training: bool) -> LoaderConfig:
        return LoaderConfig(
            height=self.preprocessing.height,
            width=self.preprocessing.width,
            labels=tuple(label.name for label in self.labels),
            multi_label=self.config.multi_label,
            draw_weights=self._sampling_weights() if training else None,
            batch_size=size,
            image_choice=self.config.image_choice,
            observation=self.config.observation,
            on_bad_record=self.config.on_bad_record,
            resize=self.config.resize,
            augmentation=self.config.augmentation() if training else None,
            shuffle=training,
            seed=self.config.seed,
            threads=self.threads,
            shard=(self.config.host_index, self.config.hosts),
            drop_remainder=training,
        )

    def _sampling_weights(self) -> SamplingWeights | None:
        config = self.config
        if config.sampling == NATURAL:
            return None
        label = self.dataset.label(config.sampling_label or config.labels[0])
        return SamplingWeights(
            label.name, class_weights(config.sampling, [label], TRAIN)[label.name]
        )


def resolve_plan(
    config: TrainingConfig, plugins: Plugins, resumed_run: RunInfo | None = None
) -> TrainingPlan:
    """`resumed_run`: what a run says that goes on from a checkpoint, so that its origin need not be
    there any more. Raises CtcError for anything that isn't there or can't be learnt."""
    dataset = open_dataset(parse_path(config.dataset))
    labels = select_labels(config, dataset)
    if dataset.event_count(TRAIN) == 0:
        raise UsageError(
            f"the split '{TRAIN}' of '{dataset.display_path}' has no events: build the dataset with more photos"
        )
    backbone = plugins.get(Backbone, config.backbone)
    loader, loader_reason = choose_loader(config.loader, plugins.all(Loader), plugins)
    resolved = config.resolve(backbone.input_size, loader.name)
    height, width = resolved.height or 0, resolved.width or 0
    origin = None if resumed_run else resolve_initial_weights(config, backbone, plugins)
    plan = TrainingPlan(
        config=resolved,
        dataset=dataset,
        backbone=backbone,
        loader=loader,
        loader_reason=loader_reason,
        labels=labels,
        preprocessing=Preprocessing.from_json(
            {
                "height": height,
                "width": width,
                "resize": config.resize,
                "image_choice": config.image_choice,
                "crop_margin": dataset.manifest.shrink.get("crop_margin"),
            }
        ),
        criteria=_make_criteria(resolved, labels),
        schedule=LearningRateSchedule(
            resolved.schedule,
            resolved.epochs,
            resolved.warmup_epochs or 0.0,
            resolved.min_learning_rate,
        ),
        initial_weights=origin,
        channel_statistics=_channel_statistics(dataset, config.image_choice, origin, resumed_run),
        prediction_format=plugins.get(OutputFormat, "csv"),
        learning_rate=resolved.learning_rate or 0.0,
        weight_decay=resolved.weight_decay or 0.0,
        threads=resolved.threads or 1,
    )
    _check_batch_divisible(plan)
    return plan


def _check_batch_divisible(plan: TrainingPlan) -> None:
    config, devices = plan.config, plan.config.topology.device_count
    if config.batch_size % devices:
        raise UsageError(
            f"--batch-size {config.batch_size} can't be shared by {devices} devices: take a multiple of {devices}"
        )
    if not plan.max_accumulation_steps:
        raise UsageError(
            f"the split '{TRAIN}' of '{plan.dataset.display_path}' has too few photos for {devices} devices"
        )
    if config.accumulate > plan.max_accumulation_steps:
        share = " of each device" if devices > 1 else ""
        raise UsageError(
            f"--accumulate {config.accumulate} is more parts than a batch has photos{share}, {plan.max_accumulation_steps}"
        )


def choose_loader(
    name: str, installed: Mapping[str, Loader], plugins: Plugins
) -> tuple[Loader, str]:
    """The loader called `name`, or with `auto` the first of dali (where there is an NVIDIA GPU),
    turbo and tfdata that runs here, and why it is that one."""
    if name != "auto":
        loader = plugins.get(Loader, name)
        reason = loader.available()
        if reason is not None:
            raise CtcError(
                f"the loader '{name}' can't run here: {reason}; choose another --loader, or 'auto'"
            )
        return loader, ""
    reasons: list[str] = []
    for preferred in (preferred for preferred in PREFERRED_LOADERS if preferred in installed):
        needs_gpu = preferred == "dali" and not nvidia_gpus()
        reason = "no NVIDIA GPU here" if needs_gpu else installed[preferred].available()
        if reason is None:
            return installed[preferred], "; ".join(reasons)
        reasons.append(f"'{preferred}': {reason}")
    raise CtcError(
        f"no loader can run here: {'; '.join(reasons) or 'none is installed'}; see `ctc plugins`"
    )


def _make_criteria(config: TrainingConfig, labels: tuple[Label, ...]) -> dict[str, Criterion]:
    weights = class_weights(config.class_weights, labels, TRAIN)
    kinds = {
        label.name: MultiLabelCriterion if label.name in config.multi_label else Criterion
        for label in labels
    }
    return {
        label: kind(config.loss, config.label_smoothing, weights[label])
        for label, kind in kinds.items()
    }


def _channel_statistics(
    dataset: Dataset,
    choice: ImageChoice,
    initial_weights: InitialWeights | None,
    resumed_run: RunInfo | None,
) -> tuple[Channels, Channels]:
    """Those of the weights to begin with, if known; else of the train split; of its grey values
    when the channels are grey photos."""
    if resumed_run:
        return resumed_run.channel_mean, resumed_run.channel_std
    if initial_weights and initial_weights.channel_statistics:
        return initial_weights.channel_statistics
    mean, std = dataset.manifest.channel_mean, dataset.manifest.channel_std
    return (
        (_to_grayscale(mean), _to_grayscale(std)) if choice == "grayscale_stacking" else (mean, std)
    )


def _to_grayscale(values: Channels) -> Channels:
    grey = sum(share * value for share, value in zip(_LUMA, values, strict=True))
    return grey, grey, grey
