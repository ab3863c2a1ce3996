"""The graph of a model file around a foreign network.

    images, uint8 (N, height, width, 3) → order of axes and channels → float, standardisation
    → the network → activation → the label, float32 (N, classes)
                  → pooling    → features, float32 (N, size)

The operators added mean the same in every opset from 9 on, so that a network of an old opset that
ONNX can't convert is imported as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from ctc.artifacts.model_file import FEATURES_OUTPUT, INPUT_NAME
from ctc.export.graph import add_constant, copy_model, rename_values
from ctc.model_import.graph.pooling import Pooling
from ctc.model_import.settings import InputSettings, LabelSettings

PREFIX = "ctc/"
"""Of the names of all values and nodes that are added, but input and outputs."""
MIN_IR_VERSION = 8
BATCH_AXIS = "N"
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


def wrap_network(network: ModelProto, plan: GraphPlan) -> ModelProto:
    """Return the graph of a model file around `network`, which takes any number of photos.

    `network`: pruned to the chosen outputs.
    """
    model, outputs = _copy_renamed(network, plan)
    graph = model.graph
    builder = GraphBuilder(graph)
    entry = outputs[plan.inputs.tensor.name]
    before = list(add_input_nodes(builder, plan.inputs, INPUT_NAME, entry))
    after = list(add_output_nodes(builder, plan, outputs, opset_version(model)))
    nodes = [*before, *graph.node, *after]
    _replace(graph, nodes)
    set_ends(
        graph,
        helper.make_tensor_value_info(
            INPUT_NAME, TensorProto.UINT8, [BATCH_AXIS, *plan.inputs.size, 3]
        ),
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [BATCH_AXIS, plan.sizes[name]])
            for name in plan.output_names
        ],
    )
    return model


def wrap_photo_by_photo(network: ModelProto, plan: GraphPlan) -> ModelProto:
    """Return the graph of a model file that runs `network`, which takes one photo, on each photo.

    A `Scan` (https://onnx.ai/onnx/operators/onnx__Scan.html) runs it on one after the other.
    """
    model, outputs = _copy_renamed(network, plan)
    inner = model.graph
    builder = GraphBuilder(inner)
    photo, one = f"{PREFIX}photo", f"{PREFIX}batch_of_one"
    nodes = [
        builder.node(
            "Reshape", [photo, builder.constant("one_photo", [1, *plan.inputs.size, 3])], one
        ),
        *add_input_nodes(builder, plan.inputs, one, outputs[plan.inputs.tensor.name]),
        *inner.node,
        *add_output_nodes(builder, plan, outputs, opset_version(model)),
    ]
    row_names = [f"{PREFIX}{name}/row" for name in plan.output_names]
    for name, row in zip(plan.output_names, row_names, strict=True):
        size = builder.constant(f"{name}/size", [plan.sizes[name]])
        nodes.append(builder.node("Reshape", [name, size], row))
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        nodes,
        f"{PREFIX}one_photo",
        [value(photo, TensorProto.UINT8, [*plan.inputs.size, 3])],
        [
            value(row, TensorProto.FLOAT, [plan.sizes[name]])
            for name, row in zip(plan.output_names, row_names, strict=True)
        ],
    )
    scan = helper.make_node(
        "Scan", [INPUT_NAME], plan.output_names, f"{PREFIX}scan", body=body, num_scan_inputs=1
    )
    # the names of the body's own outputs must differ from those of the Scan
    _rename_in_body(scan, {name: f"{PREFIX}{name}/one" for name in plan.output_names})
    _replace(inner, [scan])
    del inner.value_info[:]
    set_ends(
        inner,
        value(INPUT_NAME, TensorProto.UINT8, [BATCH_AXIS, *plan.inputs.size, 3]),
        [
            value(name, TensorProto.FLOAT, [BATCH_AXIS, plan.sizes[name]])
            for name in plan.output_names
        ],
    )
    return model


def _rename_in_body(scan: NodeProto, names: Mapping[str, str]) -> None:
    for attribute in scan.attribute:
        if attribute.HasField("g"):
            rename_values(attribute.g, names)


def opset_version(model: ModelProto) -> int:
    """Return the version of ONNX's own operators that the model uses."""
    versions = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
    return max(versions, default=1)


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


def _copy_renamed(network: ModelProto, plan: GraphPlan) -> tuple[ModelProto, dict[str, str]]:
    """Return a copy of the network whose values have no name of a model file's input or outputs.

    Also returns the new names of its input and outputs, by the old ones.
    """
    model = copy_model(network)
    graph = model.graph
    taken = set(_value_names(graph))
    clashing = {name for name in taken if name.startswith(PREFIX)}
    clashing |= taken & {INPUT_NAME, *plan.output_names}
    renamed = {}
    for name in sorted(clashing):
        new = f"network/{name}"
        while new in taken:
            new += "_"
        renamed[name] = new
        taken.add(new)
    rename_values(graph, renamed)
    for number, node in enumerate(graph.node):
        node.name = f"network/{node.op_type}_{number}"
    del model.metadata_props[:], model.training_info[:]
    model.doc_string = ""
    model.ir_version = max(model.ir_version, MIN_IR_VERSION)
    return model, {name: renamed.get(name, name) for name in plan.tensors}


def _value_names(graph: GraphProto) -> Iterator[str]:
    yield from (value.name for value in (*graph.input, *graph.initializer))
    for node in graph.node:
        yield from (*node.input, *node.output)
        for attribute in node.attribute:
            for nested in (attribute.g, *attribute.graphs):
                yield from _value_names(nested)


def _replace(graph: GraphProto, nodes: list[NodeProto]) -> None:
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)


def set_ends(graph: GraphProto, images: ValueInfoProto, outputs: list[ValueInfoProto]) -> None:
    """Replace inputs and outputs of the graph, and forget the shapes in between."""
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(images)
    graph.output.extend(outputs)
