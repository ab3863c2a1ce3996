"""The Keras model that is trained: network, loss and metric sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from ctc.training.model.losses import Criterion

Tensor = Any


def soft_key(label: str) -> str:
    """Return the key of a label's soft targets beside those of the labels."""
    return f"{label} (soft)"


class TrainingModel(keras.Model):  # type: ignore[misc]  # keras ships no types
    """Wraps a model whose output is a dict label → logits.

    `train_on_batch` and `test_on_batch` with `return_dict=True` return each of `losses.BatchSums`
    as `NAME_i`, for the label at index i of `label_order`.

    The loss is the sum, over labels and photos, of a photo's loss times its `sample_weight`
    (label → (N,)). The caller decides the weight of a photo, and may split a batch into
    micro-batches. The targets hold, under `soft_key(label)`, the soft targets of labels that have
    any.
    """

    def __init__(self, logits_model: keras.Model, criteria: Mapping[str, Criterion]) -> None:
        super().__init__(name="training_model")
        self.logits_model = logits_model
        self.label_order = tuple(criteria)
        self.criteria = dict(criteria)
        self.built = True

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        return self.logits_model(images, training=training)

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
                sample_weight[label]
                * criterion.loss_per_photo(y[label], y_pred[label], y.get(soft_key(label)))
            )
            for label, criterion in self.criteria.items()
        )

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        """Return the sums of this batch, which the caller adds up."""
        del x, sample_weight  # the signature is Keras's
        return {
            name: value
            for index, (label, criterion) in enumerate(self.criteria.items())
            for name, value in criterion.batch_sums(y[label], y_pred[label], y.get(soft_key(label)))
            .to_logs(index)
            .items()
        }
