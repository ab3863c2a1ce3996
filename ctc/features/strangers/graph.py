"""The distance as nodes of a network, whose output is `strangeness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import FEATURES_OUTPUT, STRANGENESS_OUTPUT
from ctc.features.strangers.distance import Distance

if TYPE_CHECKING:
    import onnx

_PREFIX = "strangers"
_AXES_ARE_INPUTS = 18
"""The version of the operators since which ReduceMin takes its axes as an input."""


def add_strangeness(model: onnx.ModelProto, distance: Distance) -> None:
    """Add the output `strangeness`, float32 (N, 1), to a network with features, in place."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    centres = distance.centres
    ones = np.ones((centres.shape[1], 1), np.float32)
    constants: dict[str, NDArray[Any]] = {
        "mean": distance.mean,
        "inverse_std": (1 / distance.std.astype(np.float64)).astype(np.float32),
        "within": distance.within,
        "centres": np.ascontiguousarray(-2 * centres.T),
        "squares": np.square(centres, dtype=np.float64).sum(axis=1).astype(np.float32),
        "overall": distance.overall,
        "centre": distance.centre,
        "ones": ones,
    }
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Sub", ["float", "mean"], "centred", {}),
        ("Mul", ["centred", "inverse_std"], "standardised", {}),
        ("MatMul", ["standardised", "within"], "near", {}),
        ("Mul", ["near", "near"], "near_squared", {}),
        ("MatMul", ["near_squared", "ones"], "near_length", {}),
        ("MatMul", ["near", "centres"], "products", {}),
        ("Add", ["products", "squares"], "partial", {}),
        ("MatMul", ["standardised", "overall"], "all", {}),
        ("Sub", ["all", "centre"], "from_centre", {}),
        ("Mul", ["from_centre", "from_centre"], "from_centre_squared", {}),
        ("MatMul", ["from_centre_squared", "ones"], "from_centre_length", {}),
        ("Sub", ["near_length", "from_centre_length"], "offset", {}),
    ]
    if _opset(model) >= _AXES_ARE_INPUTS:
        constants["axes"] = np.array([1], np.int64)
        steps.append(("ReduceMin", ["partial", "axes"], "nearest", {"keepdims": 1}))
    else:
        steps.append(("ReduceMin", ["partial"], "nearest", {"axes": [1], "keepdims": 1}))
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(values), f"{_PREFIX}/{name}")
        for name, values in constants.items()
    )
    graph.node.append(
        helper.make_node("Cast", [FEATURES_OUTPUT], [f"{_PREFIX}/float"], to=TensorProto.FLOAT)
    )
    graph.node.extend(
        helper.make_node(
            operation, [f"{_PREFIX}/{one}" for one in given], [f"{_PREFIX}/{result}"], **attributes
        )
        for operation, given, result, attributes in steps
    )
    graph.node.append(
        helper.make_node("Add", [f"{_PREFIX}/nearest", f"{_PREFIX}/offset"], [STRANGENESS_OUTPUT])
    )
    features = next(one for one in graph.output if one.name == FEATURES_OUTPUT)
    batch = features.type.tensor_type.shape.dim[0].dim_param or "N"
    graph.output.append(
        helper.make_tensor_value_info(STRANGENESS_OUTPUT, TensorProto.FLOAT, [batch, 1])
    )


def _opset(model: onnx.ModelProto) -> int:
    return next(int(one.version) for one in model.opset_import if one.domain in ("", "ai.onnx"))
