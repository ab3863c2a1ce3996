"""Activation functions that a Keras file may name; a name is looked up, code never loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ctc.errors import InputError, did_you_mean, shorten

Tensor = Any
Activation = Callable[[Tensor], Tensor]

_OF_KERAS = (
    "elu",
    "exponential",
    "leaky_relu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
)
_ALIASES = {
    "swish": "silu",
    "hard_silu": "hard_swish",
    "exp": "exponential",
}
_OWN = ("gelu", "hard_sigmoid", "hard_swish", "silu")
NAMES = (*_OF_KERAS, *_OWN, *_ALIASES)


def find_activation(given: object, keras_version: int) -> Activation | None:
    """Return the activation that an option names; None for none.

    `given`: a name, or Keras 3's description of one of its own functions. `keras_version`: 1, 2 or
    3, since `hard_sigmoid` has changed. Raises InputError for any other function.
    """
    if given is None:
        return None
    name = _name(given)
    name = _ALIASES.get(name, name)
    if name == "linear":
        return None
    if name not in NAMES:
        raise InputError(
            f"its activation '{shorten(name)}' is not known here{did_you_mean(name, NAMES)}"
        )
    if name == "hard_sigmoid" and keras_version < 3:
        return _hard_sigmoid_of_keras_2
    if name in _OWN:
        own: Activation = globals()[f"_{name}"]
        return own
    import keras

    found: Activation = getattr(keras.activations, name)
    return found


def _name(given: object) -> str:
    """Return the name; raises InputError for a function that the file defines or imports."""
    if isinstance(given, str):
        return given
    if isinstance(given, dict):
        module, inner = str(given.get("module")), given.get("config")
        of_keras = module in ("builtins", "keras.activations") or module.startswith("keras.src.act")
        if of_keras and isinstance(inner, str):
            return inner
        kind = given.get("class_name")
        if of_keras and isinstance(kind, str) and kind != "function":
            return kind.lower()
    raise InputError("its activation is a function of its author's, which is not executed")


def _gelu(features: Tensor) -> Tensor:
    """https://arxiv.org/abs/1606.08415, with erf, which ONNX has, and not erfc."""
    from keras import ops

    return 0.5 * features * (1.0 + ops.erf(features * 0.7071067811865476))


def _silu(features: Tensor) -> Tensor:
    from keras import ops

    return features * ops.sigmoid(features)


def _hard_sigmoid(features: Tensor) -> Tensor:
    """relu6(x + 3) / 6: https://keras.io/api/layers/activations."""
    from keras import ops

    return ops.relu6(features + 3.0) / 6.0


def _hard_swish(features: Tensor) -> Tensor:
    return features * _hard_sigmoid(features)


def _hard_sigmoid_of_keras_2(features: Tensor) -> Tensor:
    """0.2 x + 0.5, clipped to 0–1, as Keras 1 and 2 had it."""
    from keras import ops

    return ops.clip(0.2 * features + 0.5, 0.0, 1.0)
