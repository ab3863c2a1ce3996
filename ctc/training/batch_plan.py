"""Batch geometry: how many photos a step takes on this host, and what the loader is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat

import numpy as np

from ctc.artifacts.dataset import TRAIN, Dataset, Label
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import UsageError
from ctc.images.eval_samples import sample_count
from ctc.plugin import Batch, BatchStream, LoaderConfig, SamplingWeights
from ctc.training.config import NATURAL, TrainingConfig
from ctc.training.model.class_weights import class_weights


@dataclass(frozen=True)
class BatchPlan:
    """The batches of a training on this host. `config` is resolved."""

    config: TrainingConfig
    dataset: Dataset
    labels: tuple[Label, ...]
    preprocessing: Preprocessing

    @property
    def batch_size(self) -> int:
        """Photos of a full batch on all hosts."""
        return self.config.batch_size or 1

    @property
    def local_batch_size(self) -> int:
        """Photos of a full batch on this host."""
        return self.batch_size // self.config.hosts

    @property
    def photos_per_step(self) -> int:
        """Photos of a training step on this host: its part of a batch, or of a smaller dataset."""
        photos = sample_count(self.dataset, TRAIN, self.preprocessing) // self.config.hosts
        return min(self.local_batch_size, photos - photos % self.config.devices)

    @property
    def max_accumulation_steps(self) -> int:
        """The most micro-batches of a batch for which each device has a photo of each."""
        return self.photos_per_step // self.config.devices

    def check(self) -> None:
        """Raise UsageError if the devices or the micro-batches can't share a batch."""
        config, devices = self.config, self.config.topology.device_count
        if self.batch_size % devices:
            raise UsageError(
                f"--batch-size {config.batch_size} can't be divided among {devices} devices: "
                f"choose a multiple of {devices}"
            )
        if not self.max_accumulation_steps:
            raise UsageError(
                f"the split '{TRAIN}' of '{self.dataset.display_path}' has too few photos "
                f"for {devices} devices"
            )
        if config.accumulate > self.max_accumulation_steps:
            share = " per device" if devices > 1 else ""
            raise UsageError(
                f"--accumulate {config.accumulate} is more than the photos of a batch{share}: "
                f"choose at most {self.max_accumulation_steps}"
            )
        if (config.mixup or config.cutmix) and self.photos_per_step < 2:
            raise UsageError(
                "--mixup and --cutmix mix the photos of a batch, and here it has one: choose a "
                "larger --batch-size, or leave them out"
            )

    def training_loader_config(self) -> LoaderConfig:
        """Return a configuration with augmentation and shuffling.

        A last partial batch is left out, because it would distort batch normalisation.
        """
        return self._loader_config(self.photos_per_step, training=True)

    def evaluation_loader_config(self) -> LoaderConfig:
        """Return a configuration with the pixels that prediction sees, each event once, in order.

        The shards of several hosts all have the same size.
        """
        return self._loader_config(self.local_batch_size, training=False)

    def eval_batches(self, stream: BatchStream) -> Iterator[Batch]:
        """Return the batches of an evaluation, the same number on each host.

        A host that skips damaged records would end earlier: empty batches fill the gap.
        """
        if self.config.hosts == 1:
            return stream.epoch(0)
        images = np.zeros((0, self.preprocessing.height, self.preprocessing.width, 3), np.uint8)
        shapes = {
            label.name: (0, len(label.classes)) if label.name in self.config.multi_label else (0,)
            for label in self.labels
        }
        empty = Batch(images, {label: np.zeros(shape, np.int32) for label, shape in shapes.items()})
        return islice(chain(stream.epoch(0), repeat(empty)), stream.steps)

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
            threads=self.config.threads or 1,
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
