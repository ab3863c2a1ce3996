"""Pre-activation residual networks of 18 and 34 layers.

He et al. 2016, Identity Mappings in Deep Residual Networks (https://arxiv.org/abs/1603.05027). The
deeper ones, of bottleneck blocks, are in `applications`: Keras has them, with weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from ctc.plugin import Backbone, hookimpl

if TYPE_CHECKING:
    import keras

Tensor = Any
Repeats = tuple[int, int, int, int]

BATCH_NORM_MOMENTUM = 0.9

DEPTHS: dict[int, Repeats] = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Number of blocks in each of the four stages: https://arxiv.org/abs/1512.03385, table 1."""


def build(repeats: Repeats, name: str, shape: tuple[int, int, int]) -> keras.Model:
    """Build the network from standardised images of `shape` to features (N, 512)."""
    from keras import Input, Model, layers

    images = Input(shape)
    features = _convolve(images, 64, 7, 2)
    features = layers.MaxPooling2D(3, 2, padding="same")(features)
    for stage, blocks in enumerate(repeats):
        for position in range(blocks):
            stride = 2 if stage > 0 and position == 0 else 1
            features = _block(features, 64 * 2**stage, stride)
    features = layers.GlobalAveragePooling2D()(_batch_norm_relu(features))
    return Model(images, features, name=name)


def _block(inputs: Tensor, filters: int, stride: int) -> Tensor:
    """Residual block of two 3×3 convolutions.

    The shortcut is the input itself, or a projection where the shape changes.
    """
    from keras import layers

    active = _batch_norm_relu(inputs)
    residual = _convolve(active, filters, 3, stride)
    residual = _convolve(_batch_norm_relu(residual), filters, 3, 1)
    same = stride == 1 and inputs.shape[-1] == filters
    return layers.Add()([inputs if same else _convolve(active, filters, 1, stride), residual])


def _batch_norm_relu(features: Tensor) -> Tensor:
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(features))


def _convolve(features: Tensor, filters: int, kernel: int, stride: int) -> Tensor:
    from keras import layers

    return layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(features)


@hookimpl
def ctc_backbones() -> Iterable[Backbone]:
    for layers, repeats in DEPTHS.items():
        name = f"resnet{layers}"
        yield Backbone(
            name,
            f"pre-activation ResNet of {layers} layers",
            (224, 224),
            partial(build, repeats, name),
        )
