"""Selection of the nodes to quantize to 8 bits."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from onnx import GraphProto, NodeProto

from ctc.export.graph import LAYER_OPS, constants, consumers, head_nodes, preprocessing_nodes

INTERLAYER_OPS = frozenset(
    {
        "Add",
        "AveragePool",
        "Clip",
        "Concat",
        "Flatten",
        "GlobalAveragePool",
        "MaxPool",
        "Mul",
        "Relu",
        "Sigmoid",
    }
)
"""Operators that onnxruntime can run in 8 bits.

In float between two quantized layers they would need conversions in both directions.
"""


def nodes_to_quantize(graph: GraphProto, exclude: Collection[str] = ()) -> list[NodeProto]:
    """Return the layers to quantize and the operators whose inputs all come from them.

    The heads, which cost little, and the nodes named `exclude` stay in float.
    """
    known = constants(graph)
    in_float = {node.name for node in (*preprocessing_nodes(graph), *head_nodes(graph))}
    values, chosen = set[str](), []
    for node in graph.node:
        if node.name in in_float or node.name in exclude:
            continue
        inputs = [name for name in node.input if name and name not in known]
        scalars = all(known[name].size == 1 for name in node.input if name in known)
        follows = node.op_type in INTERLAYER_OPS and scalars and values.issuperset(inputs)
        if node.op_type in LAYER_OPS or follows:
            chosen.append(node)
            values.update(node.output)
    return chosen


def values_around(graph: GraphProto, layer: NodeProto) -> Iterator[str]:
    """Yield the input of a layer, and its outputs up to the next layers."""
    users = consumers(graph)
    yield layer.input[0]
    pending = list(layer.output)
    while pending:
        value = pending.pop()
        yield value
        pending.extend(node.output[0] for node in users[value] if node.op_type in INTERLAYER_OPS)
