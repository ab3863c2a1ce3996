"""Functions between layers: arithmetic such as `x / 127.5 - 1`, which Keras keeps as nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ctc.errors import InputError, shorten

Tensor = Any

OPERATIONS = ("Add", "Divide", "Maximum", "Minimum", "Multiply", "Subtract", "TrueDivide")
"""Classes of `keras.ops` that are known here."""
TENSORFLOW_OPERATIONS: Mapping[str, str] = {
    "__operators__.add": "Add",
    "math.add": "Add",
    "math.divide": "TrueDivide",
    "math.maximum": "Maximum",
    "math.minimum": "Minimum",
    "math.multiply": "Multiply",
    "math.subtract": "Subtract",
    "math.truediv": "TrueDivide",
}
"""Functions of TensorFlow that Keras 2 keeps by name, as a `TFOpLambda`."""


def apply_operation(kind: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Tensor:
    """Return the result of an operation on two tensors, or a tensor and a number.

    Raises InputError for other arguments.
    """
    given = [*arguments, *(options[key] for key in ("y", "x2") if key in options)]
    unknown = set(options) - {"y", "x2", "name"}
    if len(given) != 2 or unknown or any(isinstance(one, str | list) for one in given):
        raise InputError(f"{shorten(kind)} of {len(given)} arguments is not known here")
    one, other = given
    match kind:
        case "Add":
            return one + other
        case "Subtract":
            return one - other
        case "Multiply":
            return one * other
        case "Divide" | "TrueDivide":
            return one / other
    from keras import ops

    return ops.maximum(one, other) if kind == "Maximum" else ops.minimum(one, other)


def scaled_sum(scale: float, tensors: Sequence[Tensor]) -> Tensor:
    """Return the residual sum of InceptionResNetV2: the first tensor plus `scale` × the second."""
    if len(tensors) != 2:
        raise InputError(f"adds {len(tensors)} tensors, not 2")
    return tensors[0] + tensors[1] * scale
