"""Exponential moving averages of the weights of a network (`--ema`).

After every update of the weights, average ← d × average + (1 − d) × weight, with d = min(decay,
(1 + t) / (10 + t)) after t updates, so that the first weights, which are random, are soon
forgotten (as in TensorFlow's ExponentialMovingAverage with `num_updates`). The statistics of batch
normalisation are averaged with the weights that they belong to. Polyak & Juditsky 1992,
https://doi.org/10.1137/0330046.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class WeightAverages:
    """The averages of the weights and statistics of a network.

    They are variables of `model`, which contains the network, so that its compiled steps hand them
    on. They begin as the values of the network.
    """

    def __init__(self, model: keras.Model, network: keras.Model, decay: float) -> None:
        self._decay, self._averaged = decay, list(network.weights)
        self.variables = [
            model.add_weight(
                shape=weight.shape,
                initializer="zeros",
                dtype=weight.dtype,
                trainable=False,
                name=f"average_{index}",
            )
            for index, weight in enumerate(self._averaged)
        ]
        self.reset()

    def reset(self) -> None:
        """Begin again with the present values."""
        for average, weight in zip(self.variables, self._averaged, strict=True):
            average.assign(ops.copy(ops.convert_to_tensor(weight)))

    def update(self, gradients: Any, accumulation_steps: int) -> None:
        """Add the weights after a gradient; part of the compiled step.

        `gradients`: how many there were so far, an integer tensor. Weights, and so their averages,
        change after each `accumulation_steps` of them.
        """
        updates = ops.cast(gradients // accumulation_steps, "float32")
        decay = ops.minimum(self._decay, (1.0 + updates) / (10.0 + updates))
        if accumulation_steps > 1:
            decay = ops.where(ops.equal(gradients % accumulation_steps, 0), decay, 1.0)
        for average, weight in zip(self.variables, self._averaged, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)

    def swap(self) -> None:
        """Exchange the averages and the values of the network."""
        for average, weight in zip(self.variables, self._averaged, strict=True):
            value = ops.copy(ops.convert_to_tensor(weight))
            weight.assign(average)
            average.assign(value)
