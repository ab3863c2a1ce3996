"""Networks with random weights, as ONNX files, to test an installation with.

Their predictions mean nothing, but cost as much as those of trained networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import INPUT_NAME, ModelInfo
from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.doctor import onnx_writer
from ctc.doctor.onnx_writer import FLOAT, UINT8, node, tensor, value_info

STANDARD_NETWORK_NAME = "ResNet-50 at 224 px"
_LABEL, _CLASSES = "species", ("one", "other")
_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))


def tiny_network() -> bytes:
    """Return a network of one convolution at 32 px, to check that anything runs."""
    builder = _NetworkBuilder(32)
    return builder.build(builder.add_convolution(builder.pixels, 8, 3, 2))


def standard_network() -> bytes:
    """Return the convolutions of ResNet-50 with batch normalisation folded in.

    He et al. 2015, https://arxiv.org/abs/1512.03385, table 1.
    """
    builder = _NetworkBuilder(224)
    value = builder.add_node(
        "MaxPool",
        builder.add_convolution(builder.pixels, 64, 7, 2),
        kernel_shape=[3, 3],
        strides=[2, 2],
        pads=[1] * 4,
    )
    for stage, (channels, blocks) in enumerate(_STAGES):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            inner = builder.add_convolution(
                builder.add_convolution(value, channels, 1), channels, 3, stride
            )
            shortcut = (
                value
                if block
                else builder.add_convolution(value, 4 * channels, 1, stride, relu=False)
            )
            outer = builder.add_convolution(inner, 4 * channels, 1, relu=False)
            value = builder.add_node(
                "Relu", builder.add_node("Add", outer, shortcut, channels=4 * channels)
            )
    return builder.build(value)


class _NetworkBuilder:
    """Collects nodes and tensors; `pixels`: the input as float, channels first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []
        self._channels: dict[str, int] = {}
        self._rng = np.random.default_rng(0)
        scaled = self.add_node(
            "Mul",
            self.add_node("Cast", INPUT_NAME, to=FLOAT),
            self._add_constant(np.float32(1 / 255)),
        )
        self.pixels = self.add_node("Transpose", scaled, perm=[0, 3, 1, 2], channels=3)

    def add_node(
        self, op_type: str, *inputs: str, channels: int | None = None, **attributes: int | list[int]
    ) -> str:
        """Add a node and return the name of its output.

        `channels`: of the output; by default those of the first input.
        """
        output = f"{op_type}_{len(self._nodes)}"
        self._nodes.append(node(op_type, inputs, output, **attributes))
        self._channels[output] = channels or self._channels.get(inputs[0], 0)
        return output

    def add_convolution(
        self, value: str, channels: int, size: int, stride: int = 1, relu: bool = True
    ) -> str:
        """Add a convolution and return the name of its output.

        The weights keep the variance of activations (He et al. 2015).
        """
        shape = (channels, self._channels[value], size, size)
        weights = self._rng.standard_normal(shape, np.float32) * np.float32(
            np.sqrt(1 / np.prod(shape[1:]))
        )
        bias = np.zeros(channels, np.float32)
        padding = {
            "kernel_shape": [size, size],
            "strides": [stride, stride],
            "pads": [size // 2] * 4,
        }
        names = self._add_constant(weights), self._add_constant(bias)
        value = self.add_node("Conv", value, *names, channels=channels, **padding)
        return self.add_node("Relu", value) if relu else value

    def build(self, value: str) -> bytes:
        """Add a head of two classes and return the file."""
        pooled = self.add_node("Flatten", self.add_node("GlobalAveragePool", value))
        weights = self._rng.standard_normal((self._channels[pooled], len(_CLASSES)), np.float32)
        logits = self.add_node("MatMul", pooled, self._add_constant(weights))
        self._nodes.append(node("Softmax", [logits], _LABEL))
        image, answer = ("N", self._size, self._size, 3), ("N", len(_CLASSES))
        info = ModelInfo({_LABEL: _CLASSES}, Preprocessing(self._size, self._size))
        return onnx_writer.model(
            self._nodes,
            self._tensors,
            [value_info(INPUT_NAME, UINT8, image)],
            [value_info(_LABEL, FLOAT, answer)],
            info.to_metadata(),
        )

    def _add_constant(self, values: NDArray[np.float32] | np.float32) -> str:
        name = f"constant_{len(self._tensors)}"
        self._tensors.append(tensor(name, np.asarray(values)))
        return name
