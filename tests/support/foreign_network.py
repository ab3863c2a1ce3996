"""A network of another program, made by hand: a mean over the pixels and one linear layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 16
WEIGHTS = np.array([[4, -1, 0], [0, 3, -2], [-3, 0, 5]], np.float32)
"""Mean colour (red, green, blue) to logits."""
CLASSES = ("fox", "deer", "boar")
KINDS = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}


def color_graph(
    layout: str = "nchw",
    kind: str = "float32",
    batch: str | int = "batch",
    side: int | str = SIDE,
    end: str | None = None,
    opset: int = 18,
    names: Mapping[str, str] | None = None,
    reshape: tuple[int, ...] | None = None,
    fixed_constant: bool = False,
    maps: bool = False,
    tokens: bool = False,
    conv: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """Return a network: mean colour → logits → `end` (Softmax, Sigmoid or None).

    `names`: new names of `x`, `mean` and `output`. `reshape`: a constant shape that the logits are
    brought to. `fixed_constant`: a batch of one is concatenated, so that no other number fits.
    `maps`: the pixels are a second output, feature maps. `tokens`: they are an output of tokens,
    and another one with their mean as the first token. `conv`: a convolution that changes nothing
    comes first.
    """
    own = {"x": "x", "mean": "mean", "output": "output"} | dict(names or {})
    real = "float16" if kind == "float16" else "float32"
    dtype = np.float16 if real == "float16" else np.float32
    constants = {"weights": WEIGHTS.astype(dtype)}
    value, nodes = own["x"], []

    def add(op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    if kind == "uint8":
        value = add("Cast", [value], "float", to=TensorProto.FLOAT)
    if layout == "nhwc":
        value = add("Transpose", [value], "first", perm=[0, 3, 1, 2])
    if conv:
        constants["kernel"] = np.eye(3, dtype=dtype).reshape(3, 3, 1, 1)
        value = add("Relu", [add("Conv", [value, "kernel"], "convolved")], "relu")
    pooled = add("GlobalAveragePool", [value], "pooled")
    mean = add("Flatten", [pooled], own["mean"], axis=1)
    if fixed_constant:
        constants["zeros"] = np.zeros((1, 3), dtype)
        mean = add("Concat", [mean, "zeros"], "with_zeros", axis=1)
        constants["weights"] = np.concatenate([constants["weights"], np.ones((3, 3), dtype)])
    last = add("MatMul", [mean, "weights"], "logits" if end or reshape else own["output"])
    if reshape is not None:
        constants["shape"] = np.array(reshape, np.int64)
        last = add("Reshape", [last, "shape"], "reshaped" if end else own["output"])
    if end is not None:
        add(end, [last], own["output"], **({"axis": 1} if end == "Softmax" else {}))
    info = helper.make_tensor_value_info
    axes = [3, side, side] if layout == "nchw" else [side, side, 3]
    outputs = [info(own["output"], KINDS[real], [batch, 3])]
    if tokens:
        constants["tokens_shape"] = np.array([0, 3, -1], np.int64)
        flat = add("Reshape", [value, "tokens_shape"], "flat")
        add("Transpose", [flat], "tokens", perm=[0, 2, 1])
        constants["token_axis"] = np.array([1], np.int64)
        first = add("Unsqueeze", [own["mean"], "token_axis"], "class_token")
        add("Concat", [first, "tokens"], "all_tokens", axis=1)
        for name, count in (("tokens", side * side), ("all_tokens", side * side + 1)):
            outputs.append(info(name, KINDS[real], [batch, count, 3]))
    if maps:
        add("Identity", [value], "maps")
        outputs.append(info("maps", KINDS[real], [batch, 3, side, side]))
    graph = helper.make_graph(
        nodes,
        "color",
        [info(own["x"], KINDS[kind], [batch, *axes])],
        outputs,
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(made, dict(metadata or {}))
    return made


def expected_probabilities(
    images: np.ndarray,
    scale: float = 255,
    mean: tuple[float, ...] = (0, 0, 0),
    std: tuple[float, ...] = (1, 1, 1),
    bgr: bool = False,
) -> np.ndarray:
    """Return the softmax of the network's logits, computed with NumPy alone."""
    pixels = images[..., ::-1] if bgr else images
    standard = (pixels.astype(np.float64) / scale - np.array(mean)) / np.array(std)
    raised = np.exp(standard.mean(axis=(1, 2)) @ WEIGHTS.astype(np.float64))
    return raised / raised.sum(axis=1, keepdims=True)
