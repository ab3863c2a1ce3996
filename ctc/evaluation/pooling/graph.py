"""The attention of photos as nodes of a network, whose output is `attention`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.file import ATTENTION_OUTPUT, FEATURES_OUTPUT
from ctc.errors import CtcError
from ctc.evaluation.pooling.descriptors import Scorer
from ctc.runtime.session import Model

if TYPE_CHECKING:
    import onnx

TOLERANCE = 1e-4
"""The largest difference of a score in the written file from that of the fit, as a share of the
largest, or of 1."""
_PREFIX = "attention_of"


def add_attention(model: onnx.ModelProto, scorer: Scorer) -> None:
    """Add the output `attention`, float32 (N, 1), to a network with features and labels, in place.

    The probabilities are those of the outputs as they are, after calibration.
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    nodes = [_cast(FEATURES_OUTPUT), *_product(FEATURES_OUTPUT, "float", "weights")]
    constants = {f"{FEATURES_OUTPUT}/weights": scorer.features[:, None]}
    parts = [f"{_PREFIX}/{FEATURES_OUTPUT}/weights/product"]
    for label, weights in scorer.probabilities.items():
        constants[f"{label}/weights"] = weights[:, None]
        constants[f"{label}/square_weights"] = np.full(
            (len(weights), 1), scorer.squares[label], np.float32
        )
        at = f"{_PREFIX}/{label}"
        nodes += [
            _cast(label),
            helper.make_node("Mul", [f"{at}/float", f"{at}/float"], [f"{at}/squares"]),
            *_product(label, "float", "weights"),
            *_product(label, "squares", "square_weights"),
        ]
        parts += [f"{at}/weights/product", f"{at}/square_weights/product"]
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(values), f"{_PREFIX}/{name}")
        for name, values in constants.items()
    )
    graph.node.extend([*nodes, helper.make_node("Sum", parts, [ATTENTION_OUTPUT])])
    features = next(one for one in graph.output if one.name == FEATURES_OUTPUT)
    batch = features.type.tensor_type.shape.dim[0].dim_param or "N"
    graph.output.append(
        helper.make_tensor_value_info(ATTENTION_OUTPUT, TensorProto.FLOAT, [batch, 1])
    )


def check_attention(model: Model, images: NDArray[np.uint8], scorer: Scorer) -> None:
    """Raise CtcError unless the model's attention is that of `scorer` for its other outputs."""
    labels = tuple(scorer.probabilities)
    found = model.run(images, (*labels, FEATURES_OUTPUT, ATTENTION_OUTPUT))
    expected = scorer.score(found[FEATURES_OUTPUT], found)
    scale = max(1.0, float(np.abs(expected).max()))
    difference = float(np.abs(found[ATTENTION_OUTPUT][:, 0] - expected).max()) / scale
    if not difference <= TOLERANCE:  # also rejects NaN
        raise CtcError(
            f"the attention of the written model differs from the fit by {difference:.2g}: "
            "add --no-pooling"
        )


def _cast(output: str) -> Any:
    from onnx import TensorProto, helper

    return helper.make_node("Cast", [output], [f"{_PREFIX}/{output}/float"], to=TensorProto.FLOAT)


def _product(output: str, values: str, weights: str) -> list[Any]:
    from onnx import helper

    at = f"{_PREFIX}/{output}"
    given = [f"{at}/{values}", f"{at}/{weights}"]
    return [helper.make_node("MatMul", given, [f"{at}/{weights}/product"])]
