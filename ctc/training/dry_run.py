"""What a training would take, before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np

from ctc.images.eval_samples import sample_count
from ctc.training.model.freeze import leaves
from ctc.training.plan import TRAIN, Plan
from ctc.training.trainer.train_step import Learner


@dataclass(frozen=True)
class Forecast:
    """`parameters`, and how many of them are `learning`; `steps` of an epoch, `photos` of each on this host. Of the memory on each device
    `state` bytes are weights, gradients and what the optimizer keeps, `activations` what the layers give for a batch, or a part of it."""

    parameters: int
    learning: int
    steps: int
    photos: int
    state: int
    activations: int


def forecast(plan: Plan) -> Forecast:
    """Builds the network and trains nothing. Raises CtcError when it can't be built."""
    config = plan.config
    learner = Learner(plan, config.accumulate)
    learning = sum(math.prod(weight.shape) for weight in learner.network.trainable_weights)
    kept = sum(array.nbytes for array in learner.arrays().values())
    at_once = math.ceil(plan.photos_per_step / config.accumulate / config.devices)
    steps = sample_count(plan.dataset, TRAIN, plan.preprocessing) // config.hosts // plan.photos_per_step
    return Forecast(
        parameters=learner.network.count_params(),
        learning=learning,
        steps=min(steps, config.steps_per_epoch or steps),
        photos=plan.photos_per_step,
        state=kept + learning * np.dtype(np.float32).itemsize,
        activations=at_once * sum(_activations(learner.network)),
    )


def _activations(network: keras.Model) -> Iterator[int]:
    """Bytes that each layer gives for a photo; nothing for one whose shape is not known."""
    for layer in leaves(network):
        outputs = keras.tree.flatten(getattr(layer, "output", ()))
        for output in outputs:
            size = 2 if output.dtype in ("bfloat16", "float16") else 4
            yield size * math.prod(axis or 1 for axis in output.shape[1:])
