"""What a training would take, before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from ctc.images.eval_samples import sample_count
from ctc.training.model.freeze import leaf_layers
from ctc.training.plan import TRAIN, TrainingPlan
from ctc.training.trainer.train_step import ModelRunner


@dataclass(frozen=True)
class ResourceEstimate:
    """`parameters`, and how many of them are `trainable`; `steps` of an epoch, `photos_per_step` of
    each on this host. Of the memory on each device `state_bytes` bytes are weights, gradients and
    what the optimizer keeps, `activation_bytes` what the layers give for a batch, or a part of
    it."""

    parameters: int
    trainable: int
    steps: int
    photos_per_step: int
    state_bytes: int
    activation_bytes: int


def estimate_resources(plan: TrainingPlan) -> ResourceEstimate:
    """Builds the network and trains nothing. Raises CtcError when it can't be built."""
    config = plan.config
    learner = ModelRunner(plan, config.accumulate)
    learning = sum(math.prod(weight.shape) for weight in learner.network.trainable_weights)
    kept = sum(array.nbytes for array in learner.state_dict().values())
    at_once = math.ceil(plan.photos_per_step / config.accumulate / config.devices)
    steps = (
        sample_count(plan.dataset, TRAIN, plan.preprocessing)
        // config.hosts
        // plan.photos_per_step
    )
    return ResourceEstimate(
        parameters=learner.network.count_params(),
        trainable=learning,
        steps=min(steps, config.steps_per_epoch or steps),
        photos_per_step=plan.photos_per_step,
        state_bytes=kept + learning * np.dtype(np.float32).itemsize,
        activation_bytes=at_once * sum(_activation_bytes(learner.network)),
    )


def _activation_bytes(network: keras.Model) -> Iterator[int]:
    """Bytes that each layer gives for a photo; nothing for one whose shape is not known."""
    for layer in leaf_layers(network):
        outputs = keras.tree.flatten(getattr(layer, "output", ()))
        for output in outputs:
            size = 2 if output.dtype in ("bfloat16", "float16") else 4
            yield size * math.prod(axis or 1 for axis in output.shape[1:])
