"""Make a network that was exported for a fixed number of photos take any number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, numpy_helper

from ctc.export.graph import add_constant, copy_model
from ctc.model_import.graph.ends import Tensor


def free_batch_axis(model: ModelProto, tensors: Mapping[str, Tensor], fixed: int) -> ModelProto:
    """Return the network with its batch axis free where constant shapes fix it.

    A `Reshape` to a constant shape lets the first length follow from the others, or takes it from
    its input where another length follows already. Whether the result means the same is for the
    comparison on photos to tell: a network may fix its batch size in other ways.

    `fixed`: the number of photos that it was exported for.
    """
    free = copy_model(model)
    graph = free.graph
    shapes = {one.name: numpy_helper.to_array(one) for one in graph.initializer if one.dims}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            shapes[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    for number, node in enumerate(graph.node):
        if node.op_type != "Reshape" or node.input[1] not in shapes:
            continue
        shape = _free_shape(shapes[node.input[1]], tensors.get(node.input[0]), fixed)
        if shape is not None:
            node.input[1] = add_constant(graph, f"network/free_shape_{number}", shape)
    del graph.value_info[:]
    return free


def _free_shape(shape: np.ndarray, values: Tensor | None, fixed: int) -> np.ndarray | None:
    """Return the shape with a first length that is not fixed, None to keep it."""
    if shape.ndim != 1 or not len(shape) or shape[0] in (0, -1):
        return None
    if -1 not in shape and 0 not in shape:
        return np.array([-1, *shape[1:]], np.int64)
    own = values.shape[0] if values is not None and values.shape else None
    return np.array([0, *shape[1:]], np.int64) if shape[0] == fixed and own == fixed else None
