"""Conversion of weights and activations to half precision."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from ctc.export.graph import (
    add_constant,
    attribute,
    constants,
    copy_model,
    head_nodes,
    infer_shapes,
    preprocessing_nodes,
    replace_nodes,
)

_FLOAT16_MAX = float(np.finfo(np.float16).max)
_SUFFIX = {TensorProto.FLOAT: "/float32", TensorProto.FLOAT16: "/float16"}


def to_float16(model: ModelProto) -> ModelProto:
    """Return a model that computes in half precision, except for standardisation and heads.

    Input and outputs are unchanged.

    Raises CtcError when an operator doesn't support half precision.
    """
    graph = model.graph
    return halve(model, {node.name for node in (*preprocessing_nodes(graph), *head_nodes(graph))})


def halve(model: ModelProto, full: Collection[str]) -> ModelProto:
    """Return a model that computes in half precision, except for the nodes named `full`.

    Input and outputs are unchanged, if the nodes at both ends are among these.
    """
    half = copy_model(model)
    graph = half.graph
    floats = {
        value.name
        for value in (*graph.value_info, *graph.input)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    types = dict.fromkeys(floats, TensorProto.FLOAT)
    for name, values in constants(graph).items():
        if values.dtype == np.float32:
            small = values.clip(-_FLOAT16_MAX, _FLOAT16_MAX).astype(np.float16)
            types[name] = TensorProto.FLOAT
            types[add_constant(graph, name + _SUFFIX[TensorProto.FLOAT16], small)] = (
                TensorProto.FLOAT16
            )
    nodes: list[NodeProto] = []
    for node in graph.node:
        kind = TensorProto.FLOAT if node.name in full else TensorProto.FLOAT16
        nodes.extend(_insert_casts(node, kind, types))
        if node.op_type == "Cast" and attribute(node, "to") == TensorProto.FLOAT:
            node.CopyFrom(helper.make_node("Cast", node.input, node.output, node.name, to=kind))
        types |= dict.fromkeys(floats.intersection(node.output), kind)
        nodes.append(node)
    replace_nodes(graph, nodes)
    return infer_shapes(half)


def _insert_casts(node: NodeProto, kind: int, types: dict[str, int]) -> list[NodeProto]:
    """Cast the floating-point inputs of `node` to `kind`; return the new Cast nodes.

    `types`: the types of all floating-point values so far, by name; it is updated.
    """
    casts = []
    for place, name in enumerate(node.input):
        if types.get(name, kind) == kind:
            continue
        node.input[place] = name + _SUFFIX[kind]
        if node.input[place] not in types:
            casts.append(
                helper.make_node("Cast", [name], [node.input[place]], node.input[place], to=kind)
            )
            types[node.input[place]] = kind
    return casts
