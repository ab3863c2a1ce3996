"""The layers that a Keras file may have, and how each is built from its options.

A file chooses among them by class name, and gives numbers, booleans and words of fixed lists. An
option that is not known here and is set is refused, so that no layer is quietly another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ctc.errors import InputError, did_you_mean, shorten

from .activations import find_activation
from .graph import Layer
from .operations import OPERATIONS, TENSORFLOW_OPERATIONS, apply_operation, scaled_sum

Tensor = Any
MAX_NUMBER = 1_000_000
"""The largest number of an option, such as filters or pixels of a border."""

_CONVOLUTION = ("kernel_size", "strides", "padding", "dilation_rate", "use_bias", "activation")
_NORMALISATION = ("axis", "epsilon", "center", "scale")
_POOLING = ("pool_size", "strides", "padding")
KINDS: Mapping[str, tuple[str, ...]] = {
    "Activation": ("activation",),
    "Add": (),
    "Average": (),
    "AveragePooling2D": _POOLING,
    "BatchNormalization": _NORMALISATION,
    "Concatenate": ("axis",),
    "Conv2D": ("filters", "groups", *_CONVOLUTION),
    "Cropping2D": ("cropping",),
    "Dense": ("units", "use_bias", "activation"),
    "DepthwiseConv2D": ("depth_multiplier", *_CONVOLUTION),
    "ELU": ("alpha",),
    "Flatten": (),
    "GlobalAveragePooling2D": ("keepdims",),
    "GlobalMaxPooling2D": ("keepdims",),
    "LayerNormalization": _NORMALISATION,
    "LeakyReLU": ("negative_slope",),
    "MaxPooling2D": _POOLING,
    "Maximum": (),
    "Minimum": (),
    "Multiply": (),
    "Normalization": ("axis", "mean", "variance", "invert"),
    "PReLU": ("shared_axes",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Rescaling": ("scale", "offset"),
    "Reshape": ("target_shape",),
    "SeparableConv2D": ("filters", "depth_multiplier", *_CONVOLUTION),
    "Softmax": ("axis",),
    "Subtract": (),
    "ZeroPadding2D": ("padding",),
}
"""Class of layers → the options that decide its answer."""
_ALIASES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_RENAMED = {("LeakyReLU", "alpha"): "negative_slope"}
OF_TRAINING = frozenset(
    {
        "ActivityRegularization",
        "AlphaDropout",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "RandomBrightness",
        "RandomContrast",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "SpatialDropout2D",
        "StochasticDepth",
    }
)
"""Layers that do nothing when a network answers."""
_IGNORED = re.compile(
    "|".join(
        (
            ".*_(initializer|regularizer|constraint|shape)",
            "lora_.*|renorm.*",
            "adjustment|autocast|dtype|fused|input_spec|momentum|name|quantization_config",
            "ragged|sparse|synchronized|trainable|virtual_batch_size",
        )
    )
)
"""Options that change training or storage, not the answer in float32."""
_PADDINGS = ("valid", "same")
_BLOCK = re.compile(r"block(35|17|8)_\d+")
"""Names of the residual sums of keras.applications' InceptionResNetV2."""


def build_layer(layer: Layer, keras_version: int) -> Callable[..., Tensor]:
    """Return the layer as a function of its input, still without its numbers.

    A layer with numbers is a `keras.Layer`. `keras_version`: 1, 2 or 3, that wrote the file. Raises
    InputError for a layer that is not known, or has an option that is not.
    """
    import keras

    kind = _ALIASES.get(layer.kind, layer.kind)
    if kind in OF_TRAINING:
        identity: Callable[..., Tensor] = keras.layers.Identity()
        return identity
    if kind in OPERATIONS and not _takes_list(layer):
        return lambda *arguments, **options: apply_operation(kind, arguments, options)
    match kind:
        case "TFOpLambda":
            return _tensorflow_operation(layer)
        case "CustomScaleLayer":  # of keras.applications' InceptionResNetV2
            return partial(scaled_sum, float(_number(layer.options.get("scale"))))
        case "Lambda":
            return _known_lambda(layer)
        case "LayerScale":  # of keras.applications' ConvNeXt, and ours
            return _layer_scale()
    if kind not in KINDS:
        raise InputError(
            f"a '{shorten(kind)}' is not known here{_near(kind)}: export the network as ONNX, and "
            "import that"
        )
    options = _options(layer, kind, keras_version)
    if kind == "Conv2D" and options.get("groups", 1) == options["filters"] > 1:
        # Keras runs grouped convolutions on a CPU in a way that can't be converted
        del options["groups"], options["filters"]
        kind = "DepthwiseConv2D"
    try:
        built: Callable[..., Tensor] = getattr(keras.layers, kind)(**options)
    except (ValueError, TypeError) as error:
        raise InputError(shorten(" ".join(str(error).split()), 200)) from None
    return built


def _options(layer: Layer, kind: str, keras_version: int) -> dict[str, Any]:
    """Return the options for Keras; raises InputError for one that is set and not known."""
    given = {_RENAMED.get((kind, key), key): value for key, value in layer.options.items()}
    _check_data_format(given.pop("data_format", None))
    for key, value in given.items():
        if (
            key not in KINDS[kind]
            and value not in (None, False, [])
            and not _IGNORED.fullmatch(key)
        ):
            raise InputError(f"its option '{shorten(key)}' is not known here")
    return {
        key: _value(kind, key, given[key], keras_version) for key in KINDS[kind] if key in given
    }


def _value(kind: str, key: str, value: Any, keras_version: int) -> Any:
    """Return the value of an option; raises InputError for one of a wrong type or size."""
    if key == "activation":
        return find_activation(value, keras_version)
    if key == "padding" and kind != "ZeroPadding2D":
        if value not in _PADDINGS:
            raise InputError(f"its padding is {shorten(repr(value))}, not 'valid' or 'same'")
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        numbers = [_value(kind, key, one, keras_version) for one in value]
        return numbers[0] if kind == "BatchNormalization" and len(numbers) == 1 else numbers
    return _number(value)


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_NUMBER:
        raise InputError(f"{shorten(repr(value))} is not a number that a layer can have")
    return value


def _check_data_format(given: Any) -> None:
    if given not in (None, "channels_last"):
        raise InputError(
            f"its channels come first ('{shorten(str(given))}'): export the network as ONNX, and "
            "import that"
        )


def _takes_list(layer: Layer) -> bool:
    """Whether it is a layer that merges a list of tensors, not the operation of the same name."""
    return any(call.arguments and isinstance(call.arguments[0], list) for call in layer.calls)


def _near(kind: str) -> str:
    near = did_you_mean(kind, KINDS)
    return near if near.endswith("?") else ""


def _tensorflow_operation(layer: Layer) -> Callable[..., Tensor]:
    name = str(layer.options.get("function"))
    if name not in TENSORFLOW_OPERATIONS:
        raise InputError(
            f"the function '{shorten(name)}' is not known here: export the network as ONNX, and "
            "import that"
        )
    kind = TENSORFLOW_OPERATIONS[name]
    return lambda *arguments, **options: apply_operation(kind, arguments, options)


def _known_lambda(layer: Layer) -> Callable[..., Tensor]:
    """Return the residual sum that InceptionResNetV2 of Keras 1 and 2 kept as a Lambda.

    It is known by its name and its argument; the code in the file is neither decoded nor run.
    """
    arguments = layer.options.get("arguments")
    is_known = _BLOCK.fullmatch(layer.name) and isinstance(arguments, dict)
    if not is_known or set(arguments or ()) != {"scale"} or not _takes_list(layer):
        raise InputError(
            "a 'Lambda' is code, and the code of a file is not run: rebuild the network without "
            "it, or export it as ONNX"
        )
    return partial(scaled_sum, float(_number((arguments or {})["scale"])))


def _layer_scale() -> Callable[..., Tensor]:
    import keras

    class LayerScale(keras.layers.Layer):  # type: ignore[misc]
        """Multiply each channel by a number: https://arxiv.org/abs/2103.17239."""

        def build(self, shape: tuple[int, ...]) -> None:
            self.gamma = self.add_weight(shape=(shape[-1],), name="gamma")
            self.built = True

        def call(self, features: Tensor) -> Tensor:
            return features * self.gamma

    return LayerScale()
