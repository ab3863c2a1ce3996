"""Weights and activations in half precision."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from ctc.export.graph import (
    add_constant,
    attribute,
    before_first_layer,
    constants,
    copy_of,
    heads,
    replace_nodes,
    with_shapes,
)

_LARGEST = float(np.finfo(np.float16).max)
_SUFFIX = {TensorProto.FLOAT: "/float32", TensorProto.FLOAT16: "/float16"}


def to_float16(model: ModelProto) -> ModelProto:
    """A model with the same input and outputs that computes in half precision, but for the standardisation and the heads.

    Raises what onnx raises when an operator takes no half-precision numbers.
    """
    half = copy_of(model)
    graph = half.graph
    full = {node.name for node in (*before_first_layer(graph), *heads(graph))}
    floats = {value.name for value in graph.value_info if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    types = dict.fromkeys(floats, TensorProto.FLOAT)
    for name, values in constants(graph).items():
        if values.dtype == np.float32:
            small = values.clip(-_LARGEST, _LARGEST).astype(np.float16)
            types[name] = TensorProto.FLOAT
            types[add_constant(graph, name + _SUFFIX[TensorProto.FLOAT16], small)] = TensorProto.FLOAT16
    nodes: list[NodeProto] = []
    for node in graph.node:
        kind = TensorProto.FLOAT if node.name in full else TensorProto.FLOAT16
        nodes.extend(_casts(node, kind, types))
        if node.op_type == "Cast" and attribute(node, "to") == TensorProto.FLOAT:
            node.CopyFrom(helper.make_node("Cast", node.input, node.output, node.name, to=kind))
        types |= dict.fromkeys(floats.intersection(node.output), kind)
        nodes.append(node)
    replace_nodes(graph, nodes)
    return with_shapes(half)


def _casts(node: NodeProto, kind: int, types: dict[str, int]) -> list[NodeProto]:
    """Make `node` take its floating-point inputs as `kind`; gives the nodes that make those which aren't there yet. `types` holds the
    type of every floating-point value so far, by name."""
    made = []
    for place, name in enumerate(node.input):
        if types.get(name, kind) == kind:
            continue
        node.input[place] = name + _SUFFIX[kind]
        if node.input[place] not in types:
            made.append(helper.make_node("Cast", [name], [node.input[place]], node.input[place], to=kind))
            types[node.input[place]] = kind
    return made
