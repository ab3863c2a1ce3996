"""The last step of a classifier: from the network's numbers to probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from ctc.errors import UsageError
from ctc.model_import.config import Activation
from ctc.model_import.graph.ends import computing_nodes
from ctc.model_import.settings import Settings

_ACTIVATIONS: dict[str, Activation] = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
_KEEP_VALUES = frozenset({"Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze"})
_ROUNDING = 1e-3
"""How far probabilities in half precision may sum up from 1, or leave 0 to 1."""


def find_activation(model: ModelProto, output: str) -> Activation:
    """Return the activation that the graph ends with before `output`; "none" for logits."""
    producers = computing_nodes(model)
    node = producers.get(output)
    while node is not None and node.op_type in _KEEP_VALUES:
        node = producers.get(node.input[0])
    return "none" if node is None else _ACTIVATIONS.get(node.op_type, "none")


def choose_activation(settings: Settings, model: ModelProto, output: str) -> Activation:
    """Return the activation to add behind `output`; raises UsageError for one too many.

    "softmax" where nothing says otherwise and the graph doesn't end with one.
    """
    present, said = find_activation(model, output), settings.said("activation")
    if present != "none":
        if said and said[1].startswith("--") and said[0] != "none":
            raise UsageError(
                f"--activation {said[0]}: the network ends with a {present} already: leave the "
                "option out"
            )
        settings.tell("activation", "none", f"the network, which ends with a {present}")
        return "none"
    activation: Activation = settings.get("activation", "softmax").value
    return activation


def apply_activation(values: NDArray[np.float32], activation: Activation) -> NDArray[np.float32]:
    """Return the probabilities of network outputs (N, classes)."""
    exact = values.astype(np.float64)
    if activation == "softmax":
        raised = np.exp(exact - exact.max(axis=1, keepdims=True))
        exact = raised / raised.sum(axis=1, keepdims=True)
    elif activation == "sigmoid":
        exact = 0.5 * (1 + np.tanh(exact / 2))  # doesn't overflow
    return exact.astype(np.float32)


def are_probabilities(values: NDArray[np.float32]) -> bool:
    """Return whether all values are between 0 and 1."""
    return bool(np.all((values >= -_ROUNDING) & (values <= 1 + _ROUNDING)))


def sum_to_one(values: NDArray[np.float32]) -> bool:
    """Return whether the probabilities of each photo sum to 1, as those of one answer do."""
    return bool(np.all(np.abs(values.sum(axis=1, dtype=np.float64) - 1) < _ROUNDING))
