"""Small networks of Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tf2onnx", reason="needs tf2onnx: pip install camera-trap-classifier[train]")

SIZE = (20, 24)


@pytest.fixture(scope="session")
def network() -> Any:
    """A network with a part inside, arithmetic before, and layers that only training needs."""
    import keras
    from keras import layers
    from keras_network import draw, stir

    photos = keras.Input((*SIZE, 3))
    part = keras.Sequential(
        [
            layers.Input((*SIZE, 3)),
            layers.Conv2D(8, 3, strides=2, activation="silu"),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.BatchNormalization(),
            layers.SeparableConv2D(12, 3, activation="gelu"),
            layers.Dropout(0.2),
        ],
        name="part",
    )
    features = part(layers.RandomFlip()(photos / 127.5 - 1.0))
    features = layers.GlobalAveragePooling2D()(features * 0.5 + features)
    outputs = [
        layers.Dense(3, activation="softmax", name="animal")(features),
        layers.Dense(2, activation="sigmoid", name="traits")(features),
    ]
    made = keras.Model(photos, outputs)
    stir(made, draw(made, 8) * 60 + 128)
    return made


@pytest.fixture
def save(network: Any, tmp_path: Path) -> Callable[..., Path]:
    """A function that saves a network, that of the fixture by default, under a name."""

    def save(name: str = "network.keras", other: Any = None) -> Path:
        (other or network).save(tmp_path / name)
        return tmp_path / name

    return save
