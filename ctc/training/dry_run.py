"""Estimate of the resources that a training needs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

import keras
import numpy as np

from ctc.artifacts.dataset import TRAIN, VALIDATION
from ctc.images.eval_samples import sample_count
from ctc.plugin import Batch, LoaderConfig
from ctc.training.model.freeze import leaf_layers
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.steps.pending_steps import StartedStep
from ctc.training.trainer.steps.step_errors import raised_out_of_memory
from ctc.training.trainer.steps.train_step import ModelRunner

MAX_STEPS = 200
MEASURED_SECONDS = 3.0
"""Upper limit of the measurement of one kind of step, unless a single step takes longer."""


@dataclass(frozen=True)
class ResourceEstimate:
    """Size of a training.

    parameters, trainable    parameters of the network, and how many of them are trained
    steps                    per epoch
    photos_per_step          on this host
    state_bytes              weights, gradients and optimizer state on each device
    activation_bytes         outputs of all layers for a micro-batch on each device
    epoch_seconds            of training and validation, measured with a few steps; None on several
                             devices or hosts, and where a step does not fit into memory
    """

    parameters: int
    trainable: int
    steps: int
    photos_per_step: int
    state_bytes: int
    activation_bytes: int
    epoch_seconds: float | None


def estimate_resources(plan: TrainingPlan) -> ResourceEstimate:
    """Build the network, time a few steps of it, and return its size; nothing is kept.

    Raises CtcError if the network can't be built, or if initial weights on this disk don't fit.
    """
    config, photos_per_step = plan.config, plan.batches.photos_per_step
    runner = ModelRunner(plan, config.accumulate)
    if plan.initial_weights and plan.initial_weights.is_local:
        runner.load_backbone(plan.initial_weights)
    trainable = sum(math.prod(weight.shape) for weight in runner.network.trainable_weights)
    state_bytes = sum(array.nbytes for array in runner.state_dict().values())
    photos_at_once = math.ceil(photos_per_step / config.accumulate / config.devices)
    photos = sample_count(plan.dataset, TRAIN, plan.preprocessing)
    possible_steps = photos // config.hosts // photos_per_step
    steps = min(possible_steps, config.steps_per_epoch or possible_steps)
    parameters = runner.network.count_params()
    return ResourceEstimate(
        parameters=parameters,
        trainable=trainable,
        steps=steps,
        photos_per_step=photos_per_step,
        state_bytes=state_bytes + trainable * np.dtype(np.float32).itemsize,
        activation_bytes=photos_at_once * sum(_activation_bytes(runner.network)),
        epoch_seconds=_measure_epoch(plan, runner, steps),
    )


def _measure_epoch(plan: TrainingPlan, runner: ModelRunner, steps: int) -> float | None:
    """Return the seconds of an epoch, from a few steps on the real data."""
    batches, seconds = plan.batches, list[float]()
    if plan.config.topology.device_count > 1:
        return None

    def train_step(batch: Batch) -> StartedStep:
        return runner.train_step(batch, plan.mixing.draw(0, 0, batch.images.shape))

    def measure() -> None:
        training = batches.training_loader_config()
        seconds.append(steps * _measure_step(plan, TRAIN, training, train_step))
        if plan.has_split(VALIDATION):
            config = batches.evaluation_loader_config()
            photos = sample_count(plan.dataset, VALIDATION, plan.preprocessing)
            step_seconds = _measure_step(plan, VALIDATION, config, runner.eval_step)
            seconds.append(math.ceil(photos / config.batch_size) * step_seconds)

    return None if raised_out_of_memory(measure) else sum(seconds)


def _measure_step(
    plan: TrainingPlan, split: str, config: LoaderConfig, step: Callable[[Batch], StartedStep]
) -> float:
    """Return the mean seconds of a step, its batch included; the first one, which compiles, not."""
    with closing(plan.loader.open(plan.dataset, split, config)) as stream:
        # several epochs, since a small dataset has one step; not endless, if no record can be read
        batches = chain.from_iterable(map(stream.epoch, range(MAX_STEPS)))
        for batch in islice(batches, 1):
            step(batch).result()
        start, done = time.perf_counter(), 0
        for batch in islice(batches, MAX_STEPS):
            step(batch).result()
            done += 1
            if time.perf_counter() - start > MEASURED_SECONDS:
                break
        return (time.perf_counter() - start) / max(1, done)


def _activation_bytes(network: keras.Model) -> Iterator[int]:
    """Yield the bytes of each layer's output for a photo; layers of unknown shape are left out."""
    for layer in leaf_layers(network):
        outputs = keras.tree.flatten(getattr(layer, "output", ()))
        for output in outputs:
            size = 2 if output.dtype in ("bfloat16", "float16") else 4
            yield size * math.prod(axis or 1 for axis in output.shape[1:])
