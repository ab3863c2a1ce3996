"""Which parts of a network compute with 8 bits."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from onnx import GraphProto, NodeProto

from ctc.export.graph import LAYER_OPS, constants, consumers, head_nodes, preprocessing_nodes

INTERLAYER_OPS = frozenset({
    "Add", "AveragePool", "Clip", "Concat", "Flatten", "GlobalAveragePool", "MaxPool", "Mul", "Relu", "Sigmoid",
})  # fmt: skip
"""Operators that onnxruntime runs on 8 bits: left in float between two layers, they would make the
numbers go to and fro."""


def nodes_to_quantize(graph: GraphProto, exclude: Collection[str] = ()) -> list[NodeProto]:
    """The layers, but for the heads, which cost little, and those called `exclude`; and what
    follows upon quantised layers alone."""
    known = constants(graph)
    apart = {node.name for node in (*preprocessing_nodes(graph), *head_nodes(graph))}
    values, chosen = set[str](), []
    for node in graph.node:
        if node.name in apart or node.name in exclude:
            continue
        inputs = [name for name in node.input if name and name not in known]
        scalars = all(known[name].size == 1 for name in node.input if name in known)
        follows = node.op_type in INTERLAYER_OPS and scalars and values.issuperset(inputs)
        if node.op_type in LAYER_OPS or follows:
            chosen.append(node)
            values.update(node.output)
    return chosen


def values_around(graph: GraphProto, layer: NodeProto) -> Iterator[str]:
    """What a layer takes and what comes of it up to the next layers."""
    takers = consumers(graph)
    yield layer.input[0]
    waiting = list(layer.output)
    while waiting:
        value = waiting.pop()
        yield value
        waiting.extend(node.output[0] for node in takers[value] if node.op_type in INTERLAYER_OPS)
