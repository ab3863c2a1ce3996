"""The data of a training step: images, targets, and the weight of each photo in the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.plugin import Batch
from ctc.training.model.mixing import Mix, mix_images
from ctc.training.model.teacher import Teacher
from ctc.training.plan import TrainingPlan
from ctc.training.trainer.training_model import mix_targets, other_key, soft_key, teacher_key

StepData = tuple[Any, Mapping[str, Any], Mapping[str, Any]]
"""Images, targets, and weights, the last two by the keys of `TrainingModel`."""


class StepDataMaker:
    """Makes the data of a step, which is processed in `accumulation_steps` micro-batches."""

    def __init__(self, plan: TrainingPlan, accumulation_steps: int) -> None:
        self._topology, self._accumulation_steps = plan.config.topology, accumulation_steps
        self._label_weights = plan.label_weights
        self._teacher, self._teacher_weight = plan.teacher, plan.config.teacher_weight

    def __call__(
        self, batch: Batch, mix: Mix | None, label_counts: Sequence[int] | None = None
    ) -> StepData:
        """Return the data of a batch, mixed by `mix` if there is one, with a teacher's answers.

        `label_counts`: see `count_labels`, added up over all hosts; by default those of this host.
        """
        counts = count_labels(batch) if label_counts is None else label_counts
        weights = self._sample_weights(batch, counts)
        data: StepData = batch.images, _targets(batch), weights
        if mix:
            data = mix_images(batch.images, mix), *mix_targets(*data[1:], mix)
        if self._teacher:
            data = self._taught(data, self._teacher, _photo_weights(batch, mix))
        return data

    def _taught(self, data: StepData, teacher: Teacher, own: NDArray[np.float32]) -> StepData:
        """Add the teacher's logits for the images to the targets, and divide the weights.

        `own`: the weight of each photo, (N,).
        """
        images, targets, weights = data
        answers = teacher.logits(
            images if isinstance(images, np.ndarray) else keras.ops.convert_to_numpy(images)
        )
        share, photos = np.float32(self._teacher_weight), len(images) * self._topology.hosts
        taught = {key for label in answers for key in (label, other_key(label))}
        hard = {
            name: (1 - share) * values if name in taught else values
            for name, values in weights.items()
        }
        scale = share * np.float32(self._accumulation_steps / photos)
        soft = {
            teacher_key(label): own * scale * np.float32(self._label_weights[label])
            for label in answers
        }
        logits = {teacher_key(label): values for label, values in answers.items()}
        return images, {**targets, **logits}, {**hard, **soft}

    def _sample_weights(
        self, batch: Batch, label_counts: Sequence[int]
    ) -> dict[str, NDArray[np.float32]]:
        """Return label → (N,), the weight of each photo's loss."""
        own = np.float32(1) if batch.weights is None else np.asarray(batch.weights, np.float32)
        return {
            label: own
            * np.full(
                len(classes),
                self._label_weights[label] * self._accumulation_steps / max(1, count),
                np.float32,
            )
            for (label, classes), count in zip(batch.labels.items(), label_counts, strict=True)
        }


def count_labels(batch: Batch) -> list[int]:
    """Return for each label of a batch how many of its photos have it."""
    return [int(_label_mask(classes).sum()) for classes in batch.labels.values()]


def _targets(batch: Batch) -> dict[str, Any]:
    """Return the labels of a batch, and its soft labels under the keys of `TrainingModel`."""
    soft = {soft_key(label): values for label, values in batch.soft_labels.items()}
    return {**batch.labels, **soft}


def _photo_weights(batch: Batch, mix: Mix | None) -> NDArray[np.float32]:
    """Return (N,): the weight of each photo of a batch; of a mixed one that of both photos."""
    if batch.weights is None:
        return np.ones(len(batch.images), np.float32)
    own = np.asarray(batch.weights, np.float32)
    if mix is None:
        return own
    share = np.float32(mix.dominant_share)
    return share * own[mix.dominant] + (1 - share) * own[mix.other]


def _label_mask(classes: Any) -> NDArray[np.bool_]:
    """Return (N,): which photos have the label; `classes` are (N,) or multi-label (N, classes)."""
    numbers = np.asarray(classes)
    return np.asarray((numbers if numbers.ndim == 1 else numbers[:, 0]) != MISSING)
