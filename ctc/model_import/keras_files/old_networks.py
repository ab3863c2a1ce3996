"""The networks of camera-trap-classifier 2.x as graphs, for files of weights without one.

https://github.com/marco-willi/camera-trap-classifier, version 2.1: `models/resnet.py` (pre-
activation ResNets, https://arxiv.org/abs/1603.05027, whose convolutions have biases),
`models/small_cnn.py` and `training/prepare_model.py`. Layers are named in the order in which 2.x
made them, as Keras names them: conv2d, conv2d_1, ….
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .graph import Call, Graph, Layer, TensorRef

RESNETS: Mapping[str, tuple[bool, tuple[int, int, int, int]]] = {
    "ResNet18": (False, (2, 2, 2, 2)),
    "ResNet34": (False, (3, 4, 6, 3)),
    "ResNet50": (True, (3, 4, 6, 3)),
    "ResNet101": (True, (3, 4, 23, 3)),
    "ResNet152": (True, (3, 8, 36, 3)),
}
"""Whether its blocks have a bottleneck, and the blocks of each stage."""
SMALL_CNN = "small_cnn"
INPUT = "images"


def convolutions(name: str) -> int:
    """Return how many convolutions a network has, by which its weights are recognised."""
    if name == SMALL_CNN:
        return 3
    is_deep, blocks = RESNETS[name]
    return 1 + sum(blocks) * (3 if is_deep else 2) + (4 if is_deep else 3)


def old_network(name: str, size: tuple[int, int], outputs: Mapping[str, int]) -> Graph:
    """Return the graph of a network for photos of `size` (height, width).

    `outputs`: name, such as "label/species" → number of classes.
    """
    builder = _GraphBuilder(size)
    features = _small_cnn(builder) if name == SMALL_CNN else _resnet(builder, *RESNETS[name])
    return builder.graph(name, features, outputs)


class _GraphBuilder:
    """Adds layers, named as Keras names them."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._counts: Counter[str] = Counter()
        shape = {"batch_input_shape": [None, *size, 3]}
        self.layers = [Layer(INPUT, "InputLayer", shape, ())]

    def add(self, kind: str, base: str, inputs: Sequence[str], **options: Any) -> str:
        """Add a layer that takes the outputs of others; returns its name."""
        number = self._counts[base]
        self._counts[base] += 1
        name = f"{base}_{number}" if number else base
        refs = [TensorRef(one) for one in inputs]
        call = Call((refs if len(refs) > 1 else refs[0],))
        self.layers.append(Layer(name, kind, options, (call,)))
        return name

    def conv(self, start: str, filters: int, kernel: int, stride: int = 1, **options: Any) -> str:
        given = {"padding": "same", **options}
        return self.add(
            "Conv2D",
            "conv2d",
            [start],
            filters=filters,
            kernel_size=[kernel, kernel],
            strides=[stride, stride],
            **given,
        )

    def bn_relu(self, start: str) -> str:
        normalised = self.add(
            "BatchNormalization", "batch_normalization", [start], axis=3, epsilon=0.001
        )
        return self.add("Activation", "activation", [normalised], activation="relu")

    def graph(self, name: str, features: str, outputs: Mapping[str, int]) -> Graph:
        """Return the graph with a dense layer for each output."""
        call = Call((TensorRef(features),))
        heads = [
            Layer(output, "Dense", {"units": size, "activation": "softmax"}, (call,))
            for output, size in outputs.items()
        ]
        return Graph(
            name,
            "Functional",
            (*self.layers, *heads),
            (TensorRef(INPUT),),
            {output: TensorRef(output) for output in outputs},
        )


def _small_cnn(builder: _GraphBuilder) -> str:
    features = INPUT
    for filters in (32, 32, 64):
        features = builder.conv(features, filters, 3, padding="valid", activation="relu")
        features = builder.add("MaxPooling2D", "max_pooling2d", [features], pool_size=[2, 2])
    features = builder.add("Flatten", "flatten", [features])
    return builder.add("Dense", "dense", [features], units=64, activation="relu")


def _resnet(builder: _GraphBuilder, is_deep: bool, stages: Sequence[int]) -> str:
    features = builder.bn_relu(builder.conv(INPUT, 64, 7, 2))
    features = builder.add(
        "MaxPooling2D",
        "max_pooling2d",
        [features],
        pool_size=[3, 3],
        strides=[2, 2],
        padding="same",
    )
    channels = 64
    for stage, blocks in enumerate(stages):
        filters = 64 * 2**stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            wide = filters * 4 if is_deep else filters
            is_first = not stage and not block
            residual = _residual(builder, features, filters, stride, is_deep, is_first)
            shortcut = features
            if stride > 1 or channels != wide:
                shortcut = builder.conv(features, wide, 1, stride, padding="valid")
            features = builder.add("Add", "add", [shortcut, residual])
            channels = wide
    return builder.add("GlobalAveragePooling2D", "pool", [builder.bn_relu(features)])


def _residual(
    builder: _GraphBuilder, start: str, filters: int, stride: int, is_deep: bool, is_first: bool
) -> str:
    """Add the convolutions of a block; the first of all comes right after an activation."""
    active = start if is_first else builder.bn_relu(start)
    if not is_deep:
        return builder.conv(builder.bn_relu(builder.conv(active, filters, 3, stride)), filters, 3)
    narrow = builder.conv(active, filters, 1, stride)
    middle = builder.conv(builder.bn_relu(narrow), filters, 3)
    return builder.conv(builder.bn_relu(middle), filters * 4, 1)
