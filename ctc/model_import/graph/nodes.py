"""The nodes that are put before and behind a foreign network.

The operators mean the same in every opset from 9 on, so that a network of an old opset that ONNX
can't convert is imported as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper

from ctc.artifacts.model.file import FEATURES_OUTPUT
from ctc.export.graph import add_constant
from ctc.model_import.graph.pooling import Pooling
from ctc.model_import.settings import InputSettings, LabelSettings

PREFIX = "ctc/"
"""Of the names of all values and nodes that are added, but input and outputs."""
_AXES_AS_INPUT = 18
"""The opset from which ReduceMean takes its axes as an input."""


@dataclass(frozen=True)
class GraphPlan:
    """What to put around the network, and the numbers per photo of each output.

    `features`: the tensor with the features, None for none.
    """

    inputs: InputSettings
    labels: tuple[LabelSettings, ...]
    features: str | None
    pooling: Pooling
    sizes: Mapping[str, int]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs of the model file."""
        return list(self.sizes)

    @property
    def tensors(self) -> list[str]:
        """The input of the network and the values that are kept of it."""
        labels = [label.output for label in self.labels]
        kept = [self.inputs.tensor.name, *labels, *([self.features] if self.features else [])]
        return list(dict.fromkeys(kept))


class GraphBuilder:
    """Makes nodes and constants whose names begin with PREFIX."""

    def __init__(self, graph: GraphProto) -> None:
        self._graph = graph
        self._count = 0

    def constant(self, name: str, values: Any) -> str:
        """Add a constant and return its name; whole numbers become int64, others float32."""
        array = np.asarray(values)
        kind = np.int64 if array.dtype.kind in "iu" else np.float32
        return add_constant(self._graph, f"{PREFIX}{name}", array.astype(kind).reshape(array.shape))

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> NodeProto:
        """Return a node."""
        self._count += 1
        name = f"{PREFIX}{kind}_{self._count}"
        return helper.make_node(kind, inputs, [output], name, **attributes)


def add_input_nodes(
    builder: GraphBuilder, inputs: InputSettings, images: str, target: str
) -> Iterator[NodeProto]:
    """Yield the nodes from uint8 photos (N, height, width, 3), RGB, to the network's input."""
    steps: list[tuple[str, list[str], dict[str, Any]]] = []
    channels_first = inputs.layout == "nchw"
    if channels_first:
        steps.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
    if inputs.channels == "bgr":
        order = builder.constant("blue_green_red", [2, 1, 0])
        steps.append(("Gather", [order], {"axis": 1 if channels_first else 3}))
    if not inputs.standardises:
        steps.append(("Cast", [], {"to": TensorProto.FLOAT}))
        steps.extend(_standardisation_steps(builder, inputs))
        if inputs.tensor.dtype != TensorProto.FLOAT:
            steps.append(("Cast", [], {"to": inputs.tensor.dtype}))
    yield from _chain(builder, steps, images, target, "input")


def _standardisation_steps(
    builder: GraphBuilder, inputs: InputSettings
) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Yield a multiplication and an addition, without those that change nothing."""
    shape = (1, 3, 1, 1) if inputs.layout == "nchw" else (1, 1, 1, 3)
    mean, std = (np.array(one, np.float64).reshape(shape) for one in (inputs.mean, inputs.std))
    factor, offset = 1 / (inputs.scale * std), -mean / std
    if np.any(factor != 1):
        yield "Mul", [builder.constant("factor", factor)], {}
    if np.any(offset != 0):
        yield "Add", [builder.constant("offset", offset)], {}


def add_output_nodes(
    builder: GraphBuilder, plan: GraphPlan, names: Mapping[str, str], opset: int
) -> Iterator[NodeProto]:
    """Yield the nodes from the network's outputs, named `names`, to those of a model file."""
    to_float: tuple[str, list[str], dict[str, Any]] = ("Cast", [], {"to": TensorProto.FLOAT})
    for label in plan.labels:
        steps = [to_float, ("Flatten", [], {"axis": 1})]
        if label.activation == "softmax":
            steps.append(("Softmax", [], {"axis": 1}))
        elif label.activation == "sigmoid":
            steps.append(("Sigmoid", [], {}))
        yield from _chain(builder, steps, names[label.output], label.name, label.name)
    if plan.features is not None:
        steps = [to_float, *_pooling_steps(builder, plan.pooling, opset)]
        yield from _chain(builder, steps, names[plan.features], FEATURES_OUTPUT, FEATURES_OUTPUT)


def _pooling_steps(
    builder: GraphBuilder, pooling: Pooling, opset: int
) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    if pooling == "maps-nhwc":
        yield "Transpose", [], {"perm": [0, 3, 1, 2]}
    if pooling in ("maps-nchw", "maps-nhwc"):
        yield "GlobalAveragePool", [], {}
        yield "Flatten", [], {"axis": 1}
    elif pooling == "first-token":
        yield "Gather", [builder.constant("first", [0])], {"axis": 1}
        yield "Flatten", [], {"axis": 1}
    elif pooling == "mean-token":
        if opset >= _AXES_AS_INPUT:
            yield "ReduceMean", [builder.constant("tokens", [1])], {"keepdims": 0}
        else:
            yield "ReduceMean", [], {"axes": [1], "keepdims": 0}


def _chain(
    builder: GraphBuilder,
    steps: list[tuple[str, list[str], dict[str, Any]]],
    start: str,
    target: str,
    name: str,
) -> Iterator[NodeProto]:
    """Yield nodes one after the other from the value `start` to `target`."""
    steps = steps or [("Identity", [], {})]
    value = start
    for number, (kind, others, attributes) in enumerate(steps, 1):
        result = target if number == len(steps) else f"{PREFIX}{name}/{number}"
        yield builder.node(kind, [value, *others], result, **attributes)
        value = result
