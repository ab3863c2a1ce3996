"""ConvNeXt: Liu et al. 2022, A ConvNet for the 2020s (https://arxiv.org/abs/2201.03545).

It computes the same function as `keras.applications.ConvNeXtTiny`, from layers that ONNX has:
Keras's own uses grouped convolutions and the complementary error function, which tf2onnx can't
convert.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Backbone, hookimpl

from .imagenet import IMAGENET_STATS, imagenet_weights
from .input_size import check_size

if TYPE_CHECKING:
    import keras

Tensor = Any

NAME = "convnext_tiny"
REPEATS = (3, 3, 9, 3)
FILTERS = (96, 192, 384, 768)
KERNEL = 7
MIN_SIZE = 64
"""Below it the last stage has one pixel, whose normalization tf2onnx 1.17 converts wrongly."""
EPSILON = 1e-6
STOCHASTIC_DEPTH = 0.1
"""Drop rate of the last block in training; it falls linearly to 0 at the first (paper, table 5)."""


def build(shape: tuple[int, int, int]) -> keras.Model:
    """Build the network from standardised images of `shape` to features (N, 768).

    Raises UsageError when `shape` is too small.
    """
    from keras import Input, Model, layers

    check_size(NAME, shape, MIN_SIZE)
    images = Input(shape)
    features = _layer_norm(layers.Conv2D(FILTERS[0], 4, 4)(images))
    rates = iter(np.linspace(0.0, STOCHASTIC_DEPTH, sum(REPEATS)).tolist())
    for stage, (filters, repeats) in enumerate(zip(FILTERS, REPEATS, strict=True)):
        if stage > 0:
            features = layers.Conv2D(filters, 2, 2)(_layer_norm(features))
        for _ in range(repeats):
            features = _block(features, filters, next(rates))
    return Model(images, _layer_norm(layers.GlobalAveragePooling2D()(features)), name=NAME)


def build_pretrained(shape: tuple[int, int, int]) -> keras.Model:
    """Build the network with the ImageNet weights of Keras's ConvNeXtTiny."""
    from keras import applications

    network = build(shape)
    pretrained = applications.ConvNeXtTiny(
        include_top=False, weights="imagenet", input_shape=shape, pooling="avg"
    )
    copy_weights(network, pretrained)
    return network


def copy_weights(network: keras.Model, source: keras.Model) -> None:
    """Copy the weights of a `keras.applications.ConvNeXtTiny` into `network`.

    `source` is built without top and with average pooling; its weights are in the same order.
    """
    network.set_weights([_to_depthwise(values) for values in source.get_weights()])


def _to_depthwise(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert the kernel of a grouped convolution, (7, 7, 1, C), to a depthwise one, (7, 7, C, 1).

    Other weights are returned unchanged.
    """
    return values.swapaxes(2, 3) if values.shape[:3] == (KERNEL, KERNEL, 1) else values


def _block(inputs: Tensor, filters: int, rate: float) -> Tensor:
    """Residual block: a depthwise convolution, then two layers that mix the channels."""
    from keras import layers

    from .layer_scale import LayerScale

    residual = _layer_norm(layers.DepthwiseConv2D(KERNEL, padding="same")(inputs))
    residual = _gelu(layers.Dense(4 * filters)(residual))
    residual = LayerScale()(layers.Dense(filters)(residual))
    if rate > 0:
        residual = layers.Dropout(rate, noise_shape=(None, 1, 1, 1))(residual)
    return layers.Add()([inputs, residual])


def _layer_norm(features: Tensor) -> Tensor:
    from keras import layers

    return layers.LayerNormalization(epsilon=EPSILON)(features)


def _gelu(features: Tensor) -> Tensor:
    """Apply the exact GELU: Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415."""
    from keras import ops

    return features * (0.5 * (1.0 + ops.erf(features * 0.5**0.5)))


@hookimpl
def ctc_backbones() -> Iterable[Backbone]:
    yield Backbone(
        NAME,
        "a convolutional network in the manner of transformers",
        (224, 224),
        build,
        imagenet_weights(NAME, IMAGENET_STATS, build_pretrained),
    )
