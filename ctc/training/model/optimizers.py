"""Optimizers: sgd, rmsprop, adamw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ctc.training.config import OptimizerName
from ctc.training.model.layer_rates import LayerwiseRates


def make_optimizer(
    name: OptimizerName,
    learning_rate: float,
    weight_decay: float,
    clip_norm: float | None = None,
    accumulation_steps: int = 1,
    layer_rates: Sequence[float] = (),
) -> keras.optimizers.Optimizer:
    """Return sgd (momentum 0.9), rmsprop (rho 0.9) or adamw.

    Weight decay is decoupled for all three: a step multiplies a weight by 1 − learning rate ×
    `weight_decay`. With momentum 0.9 that is a tenth of the L2 penalty of the same figure that is
    added to the gradient. It is not applied to biases and normalisation layers. `clip_norm`: the
    largest global norm of the gradient. With `accumulation_steps` the optimizer updates the weights
    once per that many gradients, with their mean. `layer_rates`: a factor of learning rate and
    weight decay for each trainable variable; 1 for all if empty.
    """
    options: dict[str, Any] = {
        "weight_decay": 0.0 if layer_rates else weight_decay,
        "global_clipnorm": clip_norm,
        "gradient_accumulation_steps": accumulation_steps if accumulation_steps > 1 else None,
    }
    kind, own_options = _KINDS[name]
    if layer_rates:
        kind = type(f"Layerwise{kind.__name__}", (LayerwiseRates, kind), {})
    optimizer = kind(learning_rate, **own_options, **options)
    if layer_rates:
        optimizer.rates, optimizer.decoupled_decay = tuple(layer_rates), weight_decay
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


_KINDS: Mapping[OptimizerName, tuple[Any, Mapping[str, float]]] = {
    "sgd": (keras.optimizers.SGD, {"momentum": 0.9}),
    "rmsprop": (keras.optimizers.RMSprop, {"rho": 0.9}),
    "adamw": (keras.optimizers.AdamW, {}),
}
