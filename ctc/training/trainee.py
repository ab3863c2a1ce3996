"""The network as something that can be taught: scores, loss, optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ctc.training.config import OptimizerName
from ctc.training.losses import label_loss, label_sums

Tensor = Any


class Trainee(keras.Model):  # type: ignore[misc]  # keras ships no types
    """Wraps a model that gives a dict of scores per label. `train_on_batch` and `test_on_batch` with `return_dict=True` return, for
    every label in `order` at place i, the batch's `loss_i`, `correct_i` and `present_i` as sums (see `losses.Sums`)."""

    def __init__(self, scores: keras.Model, weights: Mapping[str, float]) -> None:
        super().__init__(name="trainee")
        self.scores = scores
        self.order = tuple(weights)
        self.weight_of = dict(weights)
        self.built = True

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        return self.scores(images, training=training)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The weighted sum of the labels' mean losses."""
        del x, sample_weight, training  # the signature is Keras's
        return sum(self.weight_of[label] * label_loss(y[label], y_pred[label]) for label in self.order)

    def compute_metrics(self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> dict[str, Tensor]:
        """This batch's sums, which the caller adds up."""
        del x, sample_weight  # the signature is Keras's
        return {
            f"{name}_{place}": value
            for place, label in enumerate(self.order)
            for name, value in label_sums(y[label], y_pred[label])._asdict().items()
        }


def make_optimizer(name: OptimizerName, learning_rate: float, weight_decay: float) -> keras.optimizers.Optimizer:
    """sgd (momentum 0.9), rmsprop (rho 0.9) or adamw. The decay is decoupled and spares biases and normalisation."""
    if name == "sgd":
        optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9, weight_decay=weight_decay)
    elif name == "rmsprop":
        optimizer = keras.optimizers.RMSprop(learning_rate, rho=0.9, weight_decay=weight_decay)
    else:
        optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
