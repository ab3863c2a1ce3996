"""Reading and changing an ONNX graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

from ctc.artifacts.model_file import INPUT_NAME
from ctc.errors import CtcError

LAYER_OPS = frozenset({"Conv", "Gemm", "MatMul"})
"""Operators that carry a layer's weights."""

_POOLING_OPS = frozenset({"Flatten", "GlobalAveragePool", "ReduceMean", "Reshape", "Squeeze"})


def constants(graph: GraphProto) -> dict[str, NDArray[np.generic]]:
    """The weights and other constants, by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def add_constant(graph: GraphProto, name: str, values: NDArray[np.generic]) -> str:
    """Put a constant into the graph; gives its name back."""
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


def consumers(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """The nodes that take each value, by the value's name."""
    found = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            found[name].append(node)
    return found


def shapes(graph: GraphProto) -> dict[str, tuple[int, ...]]:
    """The shapes that shape inference found, 0 for an open length, by the value's name."""
    return {
        value.name: tuple(length.dim_value for length in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }


def attribute(node: NodeProto, name: str, default: object = None) -> object:
    """The value of a node's attribute."""
    return next(
        (onnx.helper.get_attribute_value(one) for one in node.attribute if one.name == name),
        default,
    )


def filter_layers(nodes: Iterable[NodeProto]) -> list[NodeProto]:
    """Those of `nodes` that are layers."""
    return [node for node in nodes if node.op_type in LAYER_OPS]


def preprocessing_nodes(graph: GraphProto) -> list[NodeProto]:
    """The nodes between the input and the first layer that mixes channels: what standardises the
    pixels."""
    takers, path, value = consumers(graph), list[NodeProto](), INPUT_NAME
    while len(takers[value]) == 1 and not _mixes_channels(takers[value][0]):
        path.append(takers[value][0])
        value = path[-1].output[0]
    return path


def _mixes_channels(node: NodeProto) -> bool:
    return node.op_type in LAYER_OPS and attribute(node, "group", 1) == 1


def head_nodes(graph: GraphProto) -> list[NodeProto]:
    """The nodes from the pooling of the features to the outputs: a layer and a softmax or sigmoid
    per label."""
    makers = {name: node for node in graph.node for name in node.output}
    found: dict[str, NodeProto] = {}
    waiting = [(value.name, False) for value in graph.output]
    while waiting:
        name, behind_layer = waiting.pop()
        node = makers.get(name)
        if node is None or (behind_layer and node.op_type not in _POOLING_OPS):
            continue
        found[node.output[0]] = node
        waiting.extend((one, behind_layer or node.op_type in LAYER_OPS) for one in node.input)
    return list(found.values())


def replace_nodes(graph: GraphProto, nodes: list[NodeProto]) -> None:
    """Make `nodes`, in an order that can be run, all that the graph does; forget constants that
    nothing uses."""
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(tensors)


def copy_model(model: ModelProto) -> ModelProto:
    """A model of its own, to change."""
    made = ModelProto()
    made.CopyFrom(model)
    return made


def infer_shapes(model: ModelProto) -> ModelProto:
    """The model with the shapes of all values inferred anew. Raises CtcError for a model that
    contradicts itself."""
    del model.graph.value_info[:]
    try:
        return onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        reason = " ".join(str(error).split())[:300]
        raise CtcError(
            f"the network can't be exported this way ({reason}): export float32"
        ) from error
