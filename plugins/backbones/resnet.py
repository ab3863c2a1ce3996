"""Pre-activation residual networks: He et al. 2016, Identity Mappings in Deep Residual Networks (https://arxiv.org/abs/1603.05027)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ctc.plugin import Backbone, hookimpl

if TYPE_CHECKING:
    import keras

Tensor = Any
Block = Callable[[Tensor, int, int], Tensor]

BATCH_NORM_MOMENTUM = 0.9


@dataclass(frozen=True)
class Depth:
    """A row of table 1 in https://arxiv.org/abs/1512.03385: the kind of block and how many of them in each of the four stages."""

    block: Block
    repeats: tuple[int, int, int, int]


def build(depth: Depth, name: str, shape: tuple[int, int, int]) -> keras.Model:
    """Standardised images of `shape` to features (N, 512) with basic blocks, (N, 2048) with bottlenecks."""
    from keras import Input, Model, layers

    images = Input(shape)
    features = _convolve(images, 64, 7, 2)
    features = layers.MaxPooling2D(3, 2, padding="same")(features)
    for stage, repeats in enumerate(depth.repeats):
        for place in range(repeats):
            stride = 2 if stage > 0 and place == 0 else 1
            features = depth.block(features, 64 * 2**stage, stride)
    features = layers.GlobalAveragePooling2D()(_activate(features))
    return Model(images, features, name=name)


def basic_block(inputs: Tensor, filters: int, stride: int) -> Tensor:
    """Two 3×3 convolutions beside the shortcut."""
    active = _activate(inputs)
    residual = _convolve(active, filters, 3, stride)
    residual = _convolve(_activate(residual), filters, 3, 1)
    return _join(inputs, active, residual, filters, stride)


def bottleneck_block(inputs: Tensor, filters: int, stride: int) -> Tensor:
    """1×1, 3×3 and 1×1 convolutions beside the shortcut; four times `filters` come out."""
    active = _activate(inputs)
    residual = _convolve(active, filters, 1, 1)
    residual = _convolve(_activate(residual), filters, 3, stride)
    residual = _convolve(_activate(residual), 4 * filters, 1, 1)
    return _join(inputs, active, residual, 4 * filters, stride)


def _join(inputs: Tensor, active: Tensor, residual: Tensor, filters: int, stride: int) -> Tensor:
    """Add the shortcut: the inputs as they are, or projected from the activated ones where the shape changes."""
    from keras import layers

    same = stride == 1 and inputs.shape[-1] == filters
    return layers.Add()([inputs if same else _convolve(active, filters, 1, stride), residual])


def _activate(features: Tensor) -> Tensor:
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(features))


def _convolve(features: Tensor, filters: int, kernel: int, stride: int) -> Tensor:
    from keras import layers

    return layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(
        features
    )


DEPTHS = {18: Depth(basic_block, (2, 2, 2, 2))}


@hookimpl
def ctc_backbones() -> Iterable[Backbone]:
    for layers, depth in DEPTHS.items():
        name = f"resnet{layers}"
        yield Backbone(name, f"pre-activation ResNet of {layers} layers", (224, 224), partial(build, depth, name))
