"""The graph of a model file around a foreign network.

    images, uint8 (N, height, width, 3) → order of axes and channels → float, standardisation
    → the network → activation → the label, float32 (N, classes)
                  → pooling    → features, float32 (N, size)

The nodes in between are made by `nodes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from ctc.artifacts.model.file import INPUT_NAME
from ctc.export.graph import copy_model, rename_values
from ctc.model_import.graph.nodes import (
    PREFIX,
    GraphBuilder,
    GraphPlan,
    add_input_nodes,
    add_output_nodes,
)

MIN_IR_VERSION = 8
BATCH_AXIS = "N"


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
