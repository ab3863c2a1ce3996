"""Small network for experiments, small pictures and laptops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ctc.plugin import Backbone, hookimpl

if TYPE_CHECKING:
    import keras

FILTERS = (32, 64, 128, 128)


def build(shape: tuple[int, int, int]) -> keras.Model:
    """Build the network from standardised images of `shape` to features (N, 128).

    Four convolutions, each with batch normalization and pooling, then global average pooling.
    """
    from keras import Input, Model, layers

    images = Input(shape)
    features = images
    for filters in FILTERS:
        features = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(features)
        features = layers.BatchNormalization(momentum=0.9)(features)
        features = layers.ReLU()(features)
        features = layers.MaxPooling2D(2, padding="same")(features)
    return Model(images, layers.GlobalAveragePooling2D()(features), name="small_cnn")


@hookimpl
def ctc_backbones() -> Iterable[Backbone]:
    yield Backbone("small_cnn", "four convolutions, to try things out quickly", (50, 50), build)
