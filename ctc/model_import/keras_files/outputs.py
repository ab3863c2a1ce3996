"""What a network puts out: probabilities per class, features, or feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Tensor = Any


def with_both_classes(output: Tensor) -> Tensor:
    """Return the probabilities of two classes where a network gives that of the second alone."""
    from keras import ops

    if output.shape[1] != 1:
        return output
    function = getattr(output._keras_history.operation, "activation", None)
    kind = getattr(function, "__name__", "")
    if kind == "linear":
        output = ops.sigmoid(output)
    elif kind != "sigmoid":
        return output
    return ops.concatenate([1.0 - output, output], axis=1)


def pool_output(output: Tensor) -> Tensor | None:
    """Return the features of a network without last layers; None if it has them.

    Its output are feature maps, which are averaged, or these already pooled.
    """
    import keras

    if output.ndim == 4:
        return keras.layers.GlobalAveragePooling2D()(output)
    kind = type(output._keras_history.operation).__name__
    is_pooled = output.ndim == 2 and kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D")
    return output if is_pooled else None


def find_features(outputs: Sequence[Tensor]) -> Tensor | None:
    """Return the input that the last dense layers of all outputs share; None if there is none."""
    found = [_before_dense(tensor) for tensor in outputs]
    first = found[0] if found else None
    if first is None or any(one is not first for one in found) or first.ndim != 2:
        return None
    return first


def _before_dense(tensor: Tensor) -> Tensor | None:
    """Return what the last dense layer takes, before dropout; None if the last is not dense."""
    seen_dense = False
    while True:
        operation = tensor._keras_history.operation
        kind = type(operation).__name__
        if kind == "Dense" and not seen_dense:
            seen_dense = True
        elif kind != "Identity" and (seen_dense or kind not in ("Activation", "Softmax")):
            return tensor if seen_dense else None
        tensor = operation.input
        if isinstance(tensor, list):
            return None
