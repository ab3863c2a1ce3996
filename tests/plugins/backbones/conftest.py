"""Untrained networks whose outputs are nevertheless large enough to compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")


@pytest.fixture
def stir() -> Callable[[Any, NDArray[Any]], None]:
    """A function that gives a network random scales, offsets, biases and statistics.

    The statistics are those of the given standardised images.
    """

    def stirred(network: Any, images: NDArray[Any]) -> None:
        import keras

        rng = np.random.default_rng(0)
        for variable in network.trainable_variables:
            if variable.ndim == 1:
                variable.assign(rng.uniform(0.2, 0.8, variable.shape))
        normalisations = [
            layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
        ]
        momenta = [layer.momentum for layer in normalisations]
        for layer in normalisations:
            layer.momentum = 0.0
        network(images.astype(np.float32), training=True)
        for layer, momentum in zip(normalisations, momenta, strict=True):
            layer.momentum = momentum

    return stirred
