"""LayerScale, which Keras has but does not export.

Importing this module imports Keras: import it where a network is built.
"""

from __future__ import annotations

from typing import Any

import keras

INITIAL_VALUE = 1e-6


class LayerScale(keras.layers.Layer):  # type: ignore[misc]  # keras ships no types
    """Multiply every channel by a learnt weight, near zero at the start.

    Touvron et al. 2021, https://arxiv.org/abs/2103.17239.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gamma = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(INITIAL_VALUE),
            name="gamma",
        )

    def call(self, features: Any) -> Any:
        return features * self.gamma
