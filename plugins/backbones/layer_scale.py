"""A layer that Keras keeps to itself. Importing this module imports Keras: do so where a network is
built."""

from __future__ import annotations

from typing import Any

import keras

INITIAL_VALUE = 1e-6


class LayerScale(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Multiplies every channel by a weight of its own, near zero at the start: Touvron et al. 2021,
    https://arxiv.org/abs/2103.17239."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gamma = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(INITIAL_VALUE),
            name="gamma",
        )

    def call(self, features: Any) -> Any:
        return features * self.gamma
