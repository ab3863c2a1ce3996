"""What a training will work with, looked up and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.dataset import Dataset, Label
from ctc.artifacts.preprocessing import Preprocessing
from ctc.errors import CtcError, UsageError, did_you_mean
from ctc.plugin import Backbone, Loader, LoaderConfig
from ctc.plugin.devices import nvidia_gpus
from ctc.plugin.manager import Plugins
from ctc.training.config import TrainingConfig
from ctc.training.losses import Criterion

TRAIN, VALIDATION, TEST = "train", "val", "test"
PREFERRED_LOADERS = ("dali", "turbo", "tfdata")
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what cv2's RGB2GRAY uses

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Plan:
    """`config` is resolved; `labels` are those to learn, in order; `preprocessing` is what the network will say of its input."""

    config: TrainingConfig
    dataset: Dataset
    backbone: Backbone
    loader: Loader
    labels: tuple[Label, ...]
    preprocessing: Preprocessing
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

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Label → how its answers are judged."""
        return {label.name: Criterion() for label in self.labels}

    def has(self, split: str) -> bool:
        """Whether the dataset has events in that split, some of which have a label that is learnt."""
        return split in self.dataset.manifest.splits and any(sum(label.counts.get(split, ())) for label in self.labels)

    def channel_statistics(self) -> tuple[Channels, Channels]:
        """Mean and deviation per channel, 0–1; of the grey values when the channels are grey photos."""
        manifest = self.dataset.manifest
        if self.config.image_choice != "grayscale_stacking":
            return manifest.channel_mean, manifest.channel_std
        return _grey(manifest.channel_mean), _grey(manifest.channel_std)

    @property
    def photos_per_step(self) -> int:
        """How many photos a training step takes: a batch, or all there are."""
        shards = self.dataset.shards(TRAIN)
        samples = sum(shard.images if self.config.image_choice == "all" else shard.events for shard in shards)
        return min(self.config.batch_size, samples)

    def training_batches(self) -> LoaderConfig:
        """Varied and shuffled; a last partial batch is left out unless it is the only one (it would upset normalisation)."""
        return self._batches(training=True, drop_remainder=self.photos_per_step == self.config.batch_size)

    def evaluation_batches(self) -> LoaderConfig:
        """The pixels that prediction sees, each event once, in order."""
        return self._batches(training=False, drop_remainder=False)

    def _batches(self, *, training: bool, drop_remainder: bool) -> LoaderConfig:
        return LoaderConfig(
            height=self.preprocessing.height,
            width=self.preprocessing.width,
            labels=tuple(label.name for label in self.labels),
            batch_size=self.config.batch_size,
            image_choice=self.config.image_choice,
            resize=self.config.resize,
            augmentation=self.config.augmentation() if training else None,
            shuffle=training,
            seed=self.config.seed,
            threads=self.threads,
            drop_remainder=drop_remainder,
        )


def prepare(config: TrainingConfig, plugins: Plugins) -> Plan:
    """Raises CtcError for anything that isn't there or can't be learnt."""
    dataset = Dataset.open(Path(config.dataset))
    labels = _labels(config, dataset)
    if dataset.events(TRAIN) == 0:
        raise UsageError(f"the split '{TRAIN}' of '{dataset.folder}' has no events: build the dataset with more photos")
    backbone = plugins.get(Backbone, config.backbone)
    loader = choose_loader(config.loader, plugins.all(Loader), plugins)
    resolved = config.resolved(backbone.input_size, loader.name)
    height, width = resolved.height or 0, resolved.width or 0
    return Plan(
        config=resolved,
        dataset=dataset,
        backbone=backbone,
        loader=loader,
        labels=labels,
        preprocessing=Preprocessing.from_json(
            {"height": height, "width": width, "resize": config.resize, "image_choice": config.image_choice}
        ),
        learning_rate=resolved.learning_rate or 0.0,
        weight_decay=resolved.weight_decay or 0.0,
        threads=resolved.threads or 1,
    )


def choose_loader(name: str, installed: Mapping[str, Loader], plugins: Plugins) -> Loader:
    """The loader called `name`, or with `auto` the first of dali (where there is an NVIDIA GPU), turbo and tfdata that runs here."""
    if name != "auto":
        loader = plugins.get(Loader, name)
        reason = loader.available()
        if reason is not None:
            raise CtcError(f"the loader '{name}' can't run here: {reason}; choose another --loader, or 'auto'")
        return loader
    reasons = []
    for preferred in PREFERRED_LOADERS:
        if preferred not in installed or (preferred == "dali" and not nvidia_gpus()):
            continue
        reason = installed[preferred].available()
        if reason is None:
            return installed[preferred]
        reasons.append(f"'{preferred}': {reason}")
    raise CtcError(f"no loader can run here: {'; '.join(reasons) or 'none is installed'}; see `ctc plugins`")


def _labels(config: TrainingConfig, dataset: Dataset) -> tuple[Label, ...]:
    if not config.labels:
        known = ", ".join(f"'{label.name}' ({len(label.classes)} classes)" for label in dataset.manifest.labels)
        raise UsageError(f"say what to learn with --label: '{dataset.folder}' has {known or 'no labels'}")
    dataset.shards(TRAIN)
    labels = tuple(dataset.label(name) for name in dict.fromkeys(config.labels))
    for label in labels:
        _check_classes(label, dataset)
    _check_weights(config)
    return labels


def _check_weights(config: TrainingConfig) -> None:
    for name, weight in config.label_weights.items():
        if name not in config.labels:
            near = did_you_mean(name, config.labels)
            raise UsageError(f"--label-weight names '{name}', which is not among the labels to learn{near}")
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
            f"the label '{label.name}' has {only} in the split '{TRAIN}' of '{dataset.folder}': "
            f"there is nothing to tell apart, choose another --label"
        )


def _grey(values: Channels) -> Channels:
    grey = sum(share * value for share, value in zip(_LUMA, values, strict=True))
    return grey, grey, grey
