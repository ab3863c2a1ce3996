"""The loader that is checked, with the configurations of the check."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import TRAIN, Dataset
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.images.eval_samples import Sample, eval_samples, read_events, record_table, select_photos
from ctc.plugin.loading import (
    NO_AUGMENTATION,
    Augmentation,
    Batch,
    BatchStream,
    Loader,
    LoaderConfig,
    SamplingWeights,
)
from ctc.plugin.return_checks import find_stream_fault
from ctc.testing.expect import expect

ONLY_FLIP = replace(NO_AUGMENTATION, flip=True)


@dataclass(frozen=True)
class LoaderUnderTest:
    """A loader on a split of a dataset."""

    loader: Loader
    dataset: Dataset
    split: str = TRAIN

    @property
    def evaluation_config(self) -> LoaderConfig:
        """The first photo of every event, in the order of the files, in batches of 5."""
        labels = tuple(label.name for label in self.dataset.manifest.labels)
        return LoaderConfig(32, 40, labels, batch_size=5, image_choice="first", shuffle=False)

    @property
    def unaugmented_config(self) -> LoaderConfig:
        """Training without augmentation, otherwise as `evaluation_config`."""
        return replace(self.evaluation_config, augmentation=NO_AUGMENTATION)

    @property
    def mirrored_config(self) -> LoaderConfig:
        """Shuffled training whose only augmentation is that half of the photos are mirrored."""
        return replace(self.unaugmented_config, augmentation=ONLY_FLIP, shuffle=True)

    @property
    def training_config(self) -> LoaderConfig:
        """Shuffled training with the default augmentation."""
        return replace(self.evaluation_config, augmentation=Augmentation(), shuffle=True)

    @property
    def weighted_config(self) -> LoaderConfig:
        """As `training_config`, with weight 9 for the first class of the first label."""
        weights = (
            SamplingWeights(label.name, (9.0, *(1.0 for _ in label.classes[1:])))
            for label in self.dataset.manifest.labels[:1]
        )
        return replace(self.training_config, draw_weights=next(weights, None))

    def open(self, config: LoaderConfig) -> BatchStream:
        """Open the split; raise AssertionError if the stream lacks a member."""
        stream = self.loader.open(self.dataset, self.split, config)
        fault = find_stream_fault(stream)
        expect(fault is None, f"the loader {fault}")
        return stream

    def batches(self, config: LoaderConfig, epoch: int = 0, start_step: int = 0) -> list[Batch]:
        """Return the batches of an epoch from a step on."""
        with closing(self.open(config)) as stream:
            return list(stream.epoch(epoch, start_step))

    def images(
        self, config: LoaderConfig, epoch: int = 0, start_step: int = 0
    ) -> NDArray[np.uint8]:
        """Return the images of an epoch from a step on, (samples, height, width, 3)."""
        return np.concatenate(
            [np.asarray(batch.images) for batch in self.batches(config, epoch, start_step)]
        )

    def expected_samples(self, config: LoaderConfig) -> list[Sample]:
        """Return the samples of the evaluation path of `ctc.images`, in the order of the files."""
        how = Preprocessing(config.height, config.width, config.resize, config.image_choice)
        events = read_events(self.dataset, self.split, record_table(self.dataset, self.split))
        multi_label = self.dataset.num_classes(config.multi_label)
        return list(
            eval_samples(select_photos(events, how), how, config.labels, multi_label=multi_label)
        )
