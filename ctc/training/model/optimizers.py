"""How to descend."""

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
    """sgd (momentum 0.9), rmsprop (rho 0.9) or adamw. The decay is decoupled and spares biases and
    normalisation.

    `clip_norm`: the longest that the gradient of all weights together may be. With
    `accumulation_steps` it steps once every so many gradients, by their mean."""
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
