"""The Keras model that is trained: network, loss and metric sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ctc.training.model.losses import BatchSums, Criterion
from ctc.training.model.mixing import Mix
from ctc.training.trainer.weight_averages import WeightAverages

Tensor = Any

ITERATIONS = "iteration"
"""Keras's name of an optimizer's number of gradients."""


def soft_key(label: str) -> str:
    """Return the key of a label's soft targets beside those of the labels."""
    return f"{label} (soft)"


def teacher_key(label: str) -> str:
    """Return the key of a teacher's logits beside the labels, and of their sample weights."""
    return f"{label} (teacher)"


def other_key(label: str) -> str:
    """Return the key of the labels, and of their sample weights, that are mixed into others."""
    return f"{label} (mixed in)"


DOMINANT_SHARE = " (share of the labels in a mixture)"
"""Key beside the labels of mixed photos: how much of each is what its labels say, (N,)."""


class TrainingModel(keras.Model):  # type: ignore[misc]  # keras ships no types
    """Wraps a model whose output is a dict label → logits.

    `train_on_batch` and `test_on_batch` with `return_dict=True` return each of `losses.BatchSums`
    as `NAME_i`, for the label at index i of `label_order`.

    The loss is the sum, over labels and photos, of a photo's loss times its `sample_weight`
    (label → (N,)). The caller decides the weight of a photo, and may split a batch into
    micro-batches. The targets hold, under `soft_key(label)`, the soft targets of labels that have
    any. A photo that is a mixture of two has the labels of the second under `other_key(label)`, and
    its loss is the sum of both, each times its own `sample_weight`; metrics but the loss go by the
    first. The logits of a teacher are under `teacher_key(label)`; the distance from them, times
    their own `sample_weight`, is added to the loss, and is no part of the metrics.
    """

    def __init__(
        self,
        logits_model: keras.Model,
        criteria: Mapping[str, Criterion],
        *,
        ema_decay: float | None = None,
        accumulation_steps: int = 1,
        teacher_temperature: float = 1.0,
    ) -> None:
        """`ema_decay`: of averages of the weights, in `averages`; None for no averages."""
        super().__init__(name="training_model")
        self.logits_model = logits_model
        self.label_order = tuple(criteria)
        self.criteria = dict(criteria)
        self.built = True
        self.accumulation_steps = accumulation_steps
        self.teacher_temperature = teacher_temperature
        self.averages: WeightAverages | None = None
        if ema_decay is not None:
            self.averages = WeightAverages(self, logits_model, ema_decay)

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        return self.logits_model(images, training=training)

    def train_step(self, *arguments: Any) -> Any:
        """Update the weights, and then their averages if there are any.

        The arguments are Keras's: data on TensorFlow; state and data on JAX, where the new state
        has to be returned.
        """
        result = super().train_step(*arguments)
        if not self.averages:
            return result
        if keras.backend.backend() != "jax":
            self._update_averages()
            return result
        logs, (trainable, others, optimizer, metrics) = result
        known = (
            *zip(self.trainable_variables, trainable, strict=True),
            *zip(self.non_trainable_variables, others, strict=True),
            *zip(self.optimizer.variables, optimizer, strict=True),
        )
        with keras.StatelessScope(state_mapping=known) as scope:
            self._update_averages()
        others = [scope.get_current_value(one) for one in self.non_trainable_variables]
        return logs, (trainable, others, optimizer, metrics)

    def _update_averages(self) -> None:
        assert self.averages
        gradients = next(one for one in self.optimizer.variables if one.name == ITERATIONS)
        self.averages.update(ops.convert_to_tensor(gradients), self.accumulation_steps)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Return the loss; 0 without `sample_weight`, as in evaluation."""
        del x, training  # the signature is Keras's
        if sample_weight is None:
            return ops.zeros(())
        return sum(
            ops.sum(
                sample_weight[key]
                * criterion.loss_per_photo(y[key], y_pred[label], y.get(soft_key(key)))
            )
            for label, criterion in self.criteria.items()
            for key in (label, other_key(label))
            if key in y
        ) + sum(
            ops.sum(
                sample_weight[key]
                * criterion.distillation_per_photo(y[key], y_pred[label], self.teacher_temperature)
            )
            for label, criterion in self.criteria.items()
            for key in (teacher_key(label),)
            if key in y
        )

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        """Return the sums of this batch, which the caller adds up."""
        del x, sample_weight  # the signature is Keras's
        return {
            name: value
            for index, label in enumerate(self.criteria)
            for name, value in self._batch_sums(label, y, y_pred[label]).to_logs(index).items()
        }

    def _batch_sums(self, label: str, y: Mapping[str, Tensor], logits: Tensor) -> BatchSums:
        criterion, other = self.criteria[label], other_key(label)
        sums = criterion.batch_sums(y[label], logits, y.get(soft_key(label)))
        if other not in y:
            return sums
        loss, other_loss = (
            criterion.loss_per_photo(y[key], logits, y.get(soft_key(key))) for key in (label, other)
        )
        share = y[DOMINANT_SHARE]
        return sums._replace(loss=ops.sum(share * loss + (1.0 - share) * other_loss))


def mix_targets(
    targets: Mapping[str, Any], weights: Mapping[str, Any], mix: Mix
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the targets and sample weights of mixed photos, from those of the photos.

    The labels are those of the dominant photo of each mixture; see `TrainingModel`.
    """
    share = np.float32(mix.dominant_share)
    mixed = {name: np.asarray(values)[mix.dominant] for name, values in targets.items()}
    mixed_weights = {label: share * values[mix.dominant] for label, values in weights.items()}
    for label, values in weights.items():
        other = other_key(label)
        mixed[other] = np.asarray(targets[label])[mix.other]
        if soft_key(label) in targets:
            mixed[soft_key(other)] = np.asarray(targets[soft_key(label)])[mix.other]
        mixed_weights[other] = (1 - share) * values[mix.other]
    mixed[DOMINANT_SHARE] = np.full(len(mix.partner), share, np.float32)
    return mixed, mixed_weights
