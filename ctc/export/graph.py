"""Query and edit an ONNX graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

from ctc.artifacts.model.file import FEATURES_OUTPUT, INPUT_NAME
from ctc.errors import CtcError

LAYER_OPS = frozenset({"Conv", "Gemm", "MatMul"})
"""Operators with the weights of a layer."""

_POOLING_OPS = frozenset({"Flatten", "GlobalAveragePool", "ReduceMean", "Reshape", "Squeeze"})


def constants(graph: GraphProto) -> dict[str, NDArray[np.generic]]:
    """Return weights and other constants by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def add_constant(graph: GraphProto, name: str, values: NDArray[np.generic]) -> str:
    """Add a constant to the graph and return its name."""
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


def consumers(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """Return, per value, the nodes that take it as input."""
    found = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            found[name].append(node)
    return found


def shapes(graph: GraphProto) -> dict[str, tuple[int, ...]]:
    """Return the inferred shapes by value name, 0 for a dynamic dimension."""
    return {
        value.name: tuple(length.dim_value for length in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }


def attribute(node: NodeProto, name: str, default: object = None) -> object:
    """Return the value of an attribute of a node, `default` if it is not set."""
    return next(
        (onnx.helper.get_attribute_value(one) for one in node.attribute if one.name == name),
        default,
    )


def filter_layers(nodes: Iterable[NodeProto]) -> list[NodeProto]:
    """Return the nodes that are layers."""
    return [node for node in nodes if node.op_type in LAYER_OPS]


def preprocessing_nodes(graph: GraphProto) -> list[NodeProto]:
    """Return the nodes before the first layer that mixes channels: the standardisation."""
    users, path, value = consumers(graph), list[NodeProto](), INPUT_NAME
    while len(users[value]) == 1 and not _mixes_channels(users[value][0]):
        path.append(users[value][0])
        value = path[-1].output[0]
    return path


def _mixes_channels(node: NodeProto) -> bool:
    return node.op_type in LAYER_OPS and attribute(node, "group", 1) == 1


def head_nodes(graph: GraphProto) -> list[NodeProto]:
    """Return the nodes from pooling to outputs: a layer and a softmax or sigmoid per label.

    With them the node that computes the features, which is mostly the pooling.
    """
    producers = {name: node for node in graph.node for name in node.output}
    found: dict[str, NodeProto] = {}
    pending = [(value.name, False) for value in graph.output if value.name != FEATURES_OUTPUT]
    if FEATURES_OUTPUT in producers:
        last = producers[FEATURES_OUTPUT]
        found[last.output[0]] = last
        pending += [(name, True) for name in last.input]
    while pending:
        name, is_before_layer = pending.pop()
        node = producers.get(name)
        if node is None or (is_before_layer and node.op_type not in _POOLING_OPS):
            continue
        found[node.output[0]] = node
        pending.extend((one, is_before_layer or node.op_type in LAYER_OPS) for one in node.input)
    return list(found.values())


def replace_nodes(graph: GraphProto, nodes: list[NodeProto]) -> None:
    """Replace all nodes of the graph by `nodes`, in execution order; drop unused constants."""
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(tensors)


def rename_values(graph: GraphProto, new_names: Mapping[str, str]) -> None:
    """Rename values where they are produced and used, also in nested graphs."""
    for tensor in graph.initializer:
        tensor.name = new_names.get(tensor.name, tensor.name)
    for node in graph.node:
        node.input[:] = [new_names.get(name, name) for name in node.input]
        node.output[:] = [new_names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for nested in (attribute.g, *attribute.graphs):
                rename_values(nested, new_names)


def copy_model(model: ModelProto) -> ModelProto:
    """Return a deep copy."""
    copy = ModelProto()
    copy.CopyFrom(model)
    return copy


def infer_shapes(model: ModelProto) -> ModelProto:
    """Return the model with newly inferred shapes; raises CtcError for an inconsistent model."""
    del model.graph.value_info[:]
    try:
        return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        reason = " ".join(str(error).split())[:300]
        raise CtcError(
            f"the network can't be exported this way ({reason}): export float32"
        ) from error
