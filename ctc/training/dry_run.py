"""Estimate of the resources that a training needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from ctc.artifacts.dataset import TRAIN
from ctc.images.eval_samples import sample_count
from ctc.training.model.freeze import leaf_layers
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.train_step import ModelRunner


@dataclass(frozen=True)
class ResourceEstimate:
    """Size of a training.

    parameters, trainable    parameters of the network, and how many of them are trained
    steps                    per epoch
    photos_per_step          on this host
    state_bytes              weights, gradients and optimizer state on each device
    activation_bytes         outputs of all layers for a micro-batch on each device
    """

    parameters: int
    trainable: int
    steps: int
    photos_per_step: int
    state_bytes: int
    activation_bytes: int


def estimate_resources(plan: TrainingPlan) -> ResourceEstimate:
    """Build the network, train nothing, and return its size.

    Raises CtcError if the network can't be built.
    """
    config, photos_per_step = plan.config, plan.batches.photos_per_step
    runner = ModelRunner(plan, config.accumulate)
    trainable = sum(math.prod(weight.shape) for weight in runner.network.trainable_weights)
    state_bytes = sum(array.nbytes for array in runner.state_dict().values())
    photos_at_once = math.ceil(photos_per_step / config.accumulate / config.devices)
    photos = sample_count(plan.dataset, TRAIN, plan.preprocessing)
    steps = photos // config.hosts // photos_per_step
    return ResourceEstimate(
        parameters=runner.network.count_params(),
        trainable=trainable,
        steps=min(steps, config.steps_per_epoch or steps),
        photos_per_step=photos_per_step,
        state_bytes=state_bytes + trainable * np.dtype(np.float32).itemsize,
        activation_bytes=photos_at_once * sum(_activation_bytes(runner.network)),
    )


def _activation_bytes(network: keras.Model) -> Iterator[int]:
    """Yield the bytes of each layer's output for a photo; layers of unknown shape are left out."""
    for layer in leaf_layers(network):
        outputs = keras.tree.flatten(getattr(layer, "output", ()))
        for output in outputs:
            size = 2 if output.dtype in ("bfloat16", "float16") else 4
            yield size * math.prod(axis or 1 for axis in output.shape[1:])
