"""Layer-wise learning-rate decay: the nearer a layer is to the photo, the smaller its steps.

For fine-tuning: the first layers of a pretrained backbone are the most general ones, and change
least. Howard & Ruder 2018, https://arxiv.org/abs/1801.06146; in groups of layers as in Liu et al.
2022, https://arxiv.org/abs/2201.03545.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ctc.training.model.freeze import leaf_layers

MAX_GROUPS = 12
"""Groups of layers with one learning rate each, as many as a ViT-B or a ConvNeXt-L has."""


def layer_rates(backbone: keras.Model, variables: Sequence[Any], decay: float) -> list[float]:
    """Return the factor of the learning rate of each of `variables`.

    The layers of the backbone that have weights, frozen ones too, form up to MAX_GROUPS groups of
    consecutive layers, of equal size but for rounding. The last group has the factor `decay`, the
    one before `decay`², and so on. Variables of other layers, the heads, have 1.
    """
    layers = [layer for layer in leaf_layers(backbone) if layer.weights]
    groups = min(len(layers), MAX_GROUPS)
    factors = {
        id(weight): decay ** (groups - index * groups // len(layers))
        for index, layer in enumerate(layers)
        for weight in layer.weights
    }
    return [factors.get(id(variable), 1.0) for variable in variables]


class LayerwiseRates:
    """Mixin of an optimizer that multiplies learning rate and weight decay by `rates`.

    `rates`: a factor per variable that the optimizer is built with. `decoupled_decay`: as
    `weight_decay` of the optimizer, which must be 0.
    """

    rates: Sequence[float]
    decoupled_decay: float

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable; called by Keras."""
        rate = learning_rate * self.rates[self._get_variable_index(variable)]  # type: ignore[attr-defined]
        if self.decoupled_decay and self._use_weight_decay(variable):  # type: ignore[attr-defined]
            self.assign_sub(  # type: ignore[attr-defined]
                variable,
                ops.multiply(variable, ops.cast(rate * self.decoupled_decay, variable.dtype)),
            )
        super().update_step(gradient, variable, rate)  # type: ignore[misc]
