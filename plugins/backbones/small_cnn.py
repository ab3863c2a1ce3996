"""A small network for trying things out, for small pictures and for laptops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ctc.plugin import Backbone, hookimpl

if TYPE_CHECKING:
    import keras

FILTERS = (32, 64, 128, 128)


def build(shape: tuple[int, int, int]) -> keras.Model:
    """Four convolutions, each normalised and halved in size, then averaged over the picture to (N,
    128)."""
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
