"""The plan of a training: everything looked up and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ctc.artifacts.dataset import TRAIN, Dataset, Label
from ctc.artifacts.dataset_cache import open_dataset
from ctc.artifacts.model.preprocessing import ImageChoice, Preprocessing
from ctc.artifacts.run import RunInfo
from ctc.errors import UsageError
from ctc.images.eval_samples import sample_count
from ctc.plugin import Backbone, Loader, OutputFormat
from ctc.plugin.manager import Plugins
from ctc.plugin.option_values import bind_options, json_values, option_values
from ctc.reporting import counted
from ctc.storage.paths import parse_path
from ctc.training.batch_plan import BatchPlan
from ctc.training.config import TrainingConfig, default_batch_size
from ctc.training.label_choice import choose_labels
from ctc.training.loader_choice import check_augmentation, choose_loader
from ctc.training.model.class_weights import class_weights
from ctc.training.model.initial_weights import InitialWeights, resolve_initial_weights
from ctc.training.model.logit_adjustment import check_logit_adjustment, logit_offsets
from ctc.training.model.losses import Criterion
from ctc.training.model.lr_schedule import LearningRateSchedule
from ctc.training.model.mixing import Mixing
from ctc.training.model.multi_label_loss import MultiLabelCriterion
from ctc.training.model.pretrained import Channels
from ctc.training.model.teacher import Teacher, open_teacher

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what cv2's RGB2GRAY uses


@dataclass(frozen=True)
class TrainingPlan:
    """What a training needs.

    config                the options, resolved
    loader_reason         why this loader was chosen; '' if there is nothing to explain
    batch_reason          why this batch size was chosen; '' if it was given
    labels                the labels to train, in order
    preprocessing         the input of the network, for the model file
    criteria              loss and metrics of each label
    teacher               the model that the network learns from; None without one
    initial_weights       the source of the backbone's weights; None for random ones
    channel_statistics    mean and standard deviation per channel, 0–1, for standardisation
    prediction_format     the output format of the predictions on the test split
    """

    config: TrainingConfig
    dataset: Dataset
    backbone: Backbone
    loader: Loader
    loader_reason: str
    batch_reason: str
    labels: tuple[Label, ...]
    preprocessing: Preprocessing
    criteria: Mapping[str, Criterion]
    schedule: LearningRateSchedule
    teacher: Teacher | None
    initial_weights: InitialWeights | None
    channel_statistics: tuple[Channels, Channels]
    prediction_format: OutputFormat
    learning_rate: float
    weight_decay: float
    threads: int

    @property
    def batches(self) -> BatchPlan:
        """Batch geometry and the configurations of the loader."""
        return BatchPlan(self.config, self.dataset, self.labels, self.preprocessing)

    @property
    def mixing(self) -> Mixing:
        """How the photos of a batch are mixed."""
        config = self.config
        return Mixing(config.mixup, config.cutmix, config.seed, config.host_index)

    @property
    def class_counts(self) -> dict[str, int]:
        """Label → number of classes."""
        return {label.name: len(label.classes) for label in self.labels}

    @property
    def label_weights(self) -> dict[str, float]:
        """Label → factor of its loss."""
        return {label.name: self.config.label_weights.get(label.name, 1.0) for label in self.labels}

    def has_split(self, split: str) -> bool:
        """Return whether the split has events with at least one of the labels."""
        return split in self.dataset.manifest.splits and any(
            sum(label.counts.get(split, ())) for label in self.labels
        )


def resolve_plan(
    config: TrainingConfig, plugins: Plugins, resumed_run: RunInfo | None = None
) -> TrainingPlan:
    """Return the plan for `config`.

    `resumed_run`: the run.json of a run that is resumed from a checkpoint; the source of its
    initial weights need not exist any more. Raises CtcError if something is missing or can't be
    trained.
    """
    dataset = open_dataset(parse_path(config.dataset))
    labels = choose_labels(config, dataset)
    check_logit_adjustment(config)
    if dataset.event_count(TRAIN) == 0:
        raise UsageError(
            f"the split '{TRAIN}' of '{dataset.display_path}' has no events: "
            "build the dataset with more photos"
        )
    backbone = plugins.get(Backbone, config.backbone)
    loader, loader_reason = choose_loader(config.loader, plugins.all(Loader), plugins)
    check_augmentation(loader, config.augmentation())
    resolved = replace(
        config.resolve(backbone.input_size, loader.name),
        backbone_options=json_values(option_values(backbone, config.backbone_options)),
        loader_options=json_values(option_values(loader, config.loader_options)),
    )
    backbone = bind_options(backbone, resolved.backbone_options)
    loader = bind_options(loader, resolved.loader_options)
    initial = None if resumed_run else resolve_initial_weights(config, backbone, plugins)
    preprocessing = _make_preprocessing(resolved, dataset)
    resolved, batch_reason = _choose_batch_size(
        resolved, sample_count(dataset, TRAIN, preprocessing)
    )
    plan = TrainingPlan(
        config=resolved,
        dataset=dataset,
        backbone=backbone,
        loader=loader,
        loader_reason=loader_reason,
        batch_reason=batch_reason,
        labels=labels,
        preprocessing=preprocessing,
        criteria=_make_criteria(resolved, labels),
        schedule=LearningRateSchedule(
            resolved.schedule,
            resolved.epochs,
            resolved.warmup_epochs or 0.0,
            resolved.min_learning_rate,
        ),
        teacher=open_teacher(resolved, labels, preprocessing),
        initial_weights=initial,
        channel_statistics=_channel_statistics(dataset, config.image_choice, initial, resumed_run),
        prediction_format=plugins.get(OutputFormat, "csv"),
        learning_rate=resolved.learning_rate or 0.0,
        weight_decay=resolved.weight_decay or 0.0,
        threads=resolved.threads or 1,
    )
    plan.batches.check()
    return plan


def _choose_batch_size(config: TrainingConfig, photos: int) -> tuple[TrainingConfig, str]:
    """Return the options with a batch size for so many train photos, and why it was chosen."""
    if config.batch_size is not None:
        return config, ""
    size = default_batch_size(photos, config.topology.device_count)
    return replace(config, batch_size=size), f"by the {counted(photos, 'train photo')}"


def _make_preprocessing(config: TrainingConfig, dataset: Dataset) -> Preprocessing:
    return Preprocessing.from_json(
        {
            "height": config.height or 0,
            "width": config.width or 0,
            "resize": config.resize,
            "image_choice": config.image_choice,
            "crop_margin": dataset.manifest.shrink.get("crop_margin"),
        }
    )


def _make_criteria(config: TrainingConfig, labels: tuple[Label, ...]) -> dict[str, Criterion]:
    weights = class_weights(config.class_weights, labels, TRAIN)
    kinds = {
        label.name: MultiLabelCriterion if label.name in config.multi_label else Criterion
        for label in labels
    }
    offsets = {label.name: logit_offsets(label, config.logit_adjustment) for label in labels}
    return {
        label: kind(config.loss, config.label_smoothing, weights[label], offsets[label])
        for label, kind in kinds.items()
    }


def _channel_statistics(
    dataset: Dataset,
    choice: ImageChoice,
    initial_weights: InitialWeights | None,
    resumed_run: RunInfo | None,
) -> tuple[Channels, Channels]:
    """Return those that the initial weights were trained with, if known; else the dataset's.

    With grayscale stacking the dataset's are converted to grey.
    """
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
