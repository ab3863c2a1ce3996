"""Optimizers: sgd, rmsprop, adamw."""

from __future__ import annotations

from typing import Any

import keras

from ctc.training.config import OptimizerName


def make_optimizer(
    name: OptimizerName,
    learning_rate: float,
    weight_decay: float,
    clip_norm: float | None = None,
    accumulation_steps: int = 1,
) -> keras.optimizers.Optimizer:
    """Return sgd (momentum 0.9), rmsprop (rho 0.9) or adamw.

    Weight decay is decoupled for all three: a step multiplies a weight by 1 − learning rate ×
    `weight_decay`. With momentum 0.9 that is a tenth of the L2 penalty of the same figure that is
    added to the gradient. It is not applied to biases and normalisation layers. `clip_norm`: the
    largest global norm of the gradient. With `accumulation_steps` the optimizer updates the weights
    once per that many gradients, with their mean.
    """
    options: dict[str, Any] = {
        "weight_decay": weight_decay,
        "global_clipnorm": clip_norm,
        "gradient_accumulation_steps": accumulation_steps if accumulation_steps > 1 else None,
    }
    if name == "sgd":
        optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9, **options)
    elif name == "rmsprop":
        optimizer = keras.optimizers.RMSprop(learning_rate, rho=0.9, **options)
    else:
        optimizer = keras.optimizers.AdamW(learning_rate, **options)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
