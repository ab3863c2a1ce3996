"""Warnings about options of a training that together do not do what they were given for."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from ctc.artifacts.dataset import MULTIPLE_OBSERVATIONS, TRAIN
from ctc.hardware import nvidia_gpus
from ctc.images.eval_samples import sample_count
from ctc.reporting import counted
from ctc.training.config import TrainingConfig
from ctc.training.distributed.backend import keras_gpus
from ctc.training.plan import TrainingPlan

_GPU_EXTRAS = {"tensorflow": "train-gpu", "jax": "jax-cuda12"}
MIN_STEPS = 10
"""The fewest steps of an epoch without a warning, if a smaller batch has at least twice as many."""
SMALLEST_BATCH_SIZE = 8
"""The smallest batch that a warning recommends; batch normalisation suffers from smaller ones."""
MAX_CLASS_WEIGHT = 10.0
"""The largest class weight without a warning; measured, see "Class imbalance" in training.md."""


def plan_warnings(plan: TrainingPlan) -> Iterator[str]:
    """Yield the warnings about a plan, each with the option to change."""
    left_out = plan.dataset.manifest.left_out.get("events", {}).get(MULTIPLE_OBSERVATIONS)
    if plan.config.multi_label and left_out:
        yield (
            f"'{plan.dataset.display_path}' was built without {counted(left_out, 'event')} of "
            "several observations, which --multi-label can use: build it with "
            "--keep-multi-observation"
        )
    yield from _gpu_warnings()
    yield from _few_steps_warnings(plan)
    yield from _patience_warnings(plan.config)
    yield from _class_weight_warnings(plan)
    yield from _layer_decay_warnings(plan.config)
    yield from _teacher_warnings(plan)


def _gpu_warnings() -> Iterator[str]:
    """Warn of GPUs that the driver shows and the backend of Keras can't use."""
    gpus = nvidia_gpus()
    if not gpus or keras_gpus():
        return
    backend = keras.backend.backend()
    extra = _GPU_EXTRAS.get(backend)
    advice = f"pip install 'camera-trap-classifier[{extra}]'" if extra else "see `ctc doctor`"
    yield (
        f"training on the CPU: the driver shows {counted(gpus, 'NVIDIA GPU')}, which Keras on "
        f"{backend} can't use: {advice}"
    )


def _few_steps_warnings(plan: TrainingPlan) -> Iterator[str]:
    """Warn of batches so large that an epoch changes the weights a few times only."""
    size, photos = plan.batches.batch_size, sample_count(plan.dataset, TRAIN, plan.preprocessing)
    steps = max(photos // size, 1)
    power = max(photos // MIN_STEPS, 1).bit_length() - 1
    smaller = max(SMALLEST_BATCH_SIZE, 2**power, plan.config.topology.device_count)
    if steps < MIN_STEPS and photos // smaller >= 2 * steps:
        yield (
            f"with --batch-size {size} an epoch of {counted(photos, 'train photo')} has "
            f"{counted(steps, 'step')}, in which a network learns little: "
            f"try --batch-size {smaller}"
        )


def _patience_warnings(config: TrainingConfig) -> Iterator[str]:
    """Warn of an early stopping that leaves no time for a lower learning rate."""
    stopping, reducing = config.early_stopping_patience or 0, config.reduce_lr_patience
    reducible = (config.learning_rate or 0.0) > config.min_learning_rate
    if config.schedule == "plateau" and reducible and stopping < reducing:
        yield (
            f"the learning rate is never reduced, because --early-stopping-patience {stopping} "
            f"ends the training before --reduce-lr-patience {reducing}: "
            f"add --early-stopping-patience {reducing} or more"
        )


def _class_weight_warnings(plan: TrainingPlan) -> Iterator[str]:
    """Warn of classes so rare that each of their photos outweighs a batch of others."""
    for label in plan.labels:
        weights = plan.criteria[label.name].class_weights
        highest = max(weights, default=0.0)
        if highest > MAX_CLASS_WEIGHT:
            number = weights.index(highest)
            photos = counted(label.counts[TRAIN][number], "observation")
            yield (
                f"--class-weights {plan.config.class_weights} multiplies the loss of "
                f"'{label.name}={label.classes[number]}' ({photos}) by {highest:.0f}: factors "
                f"above {MAX_CLASS_WEIGHT:.0f} cost accuracy, try --class-weights sqrt or a file"
            )


def _layer_decay_warnings(config: TrainingConfig) -> Iterator[str]:
    """Warn of slow first layers that have nothing worth keeping."""
    if config.layer_decay < 1 and config.weights is None and config.start_from is None:
        yield (
            f"--layer-decay {config.layer_decay:g} slows the first layers down, and here they "
            "start from random weights: add --weights or --from, or leave it out"
        )


def _teacher_warnings(plan: TrainingPlan) -> Iterator[str]:
    """Warn of a teacher that sees photos unlike those that it was trained on."""
    if not plan.teacher:
        return
    height, width = plan.teacher.input_size
    own = plan.preprocessing
    if own.height < height / 2 or own.width < width / 2:
        yield (
            f"the teacher sees {own.height}×{own.width} pixels enlarged to its {height}×{width}, "
            "and may know less than on whole photos: add a larger --height and --width"
        )
    margin = plan.teacher.model.info.preprocessing.crop_margin
    if (margin is None) != (own.crop_margin is None):
        kinds = ("crops of animals", "whole photos")
        one, other = kinds if own.crop_margin is not None else kinds[::-1]
        yield f"the dataset has {one}, and the teacher was trained on {other}"
