"""Convert a Keras network to ONNX: input `images` (uint8), one output per label, and features."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf

from ctc.artifacts.model.file import FEATURES_OUTPUT, INPUT_NAME, RESERVED_NAMES
from ctc.errors import CtcError, InputError
from ctc.export.graph import rename_values

OPSET = 18
_BATCH_AXIS = "N"
_CATCH_ERRORS = "TF2ONNX_CATCH_ERRORS"


def with_features(network: keras.Model) -> keras.Model:
    """Return the network with one more output, `features`: what all of its heads take, (N, size).

    `network`: see `to_onnx`; its heads are the layers `head_0`, `head_1`, ….
    """
    features = network.get_layer("head_0").input
    return keras.Model(network.input, {**network.output, FEATURES_OUTPUT: features})


def to_onnx(
    network: keras.Model,
    labels: Mapping[str, int],
    height: int,
    width: int,
    feature_size: int | None = None,
) -> onnx.ModelProto:
    """Convert a network to an ONNX model.

    `network`: uint8 (N, height, width, 3) → dict of label → probabilities (N, classes), and with
    `feature_size` also `features` (N, feature_size), in any floating-point type. `labels`: name →
    number of classes.

    Raises CtcError when a label can't be the name of an output, or when ONNX has no equivalent for
    a part of the network.
    """
    if reserved := set(RESERVED_NAMES) & set(labels):
        raise InputError(
            f"a label can't be called '{min(reserved)}', the name of another input or output of "
            "a model file: rename it in the inventory"
        )
    if keras.backend.backend() != "tensorflow":
        raise CtcError(
            f"export needs the TensorFlow backend, not '{keras.backend.backend()}': "
            "unset KERAS_BACKEND"
        )
    outputs = {**labels, **({} if feature_size is None else {FEATURES_OUTPUT: feature_size})}
    try:
        model = _convert(network, list(outputs), height, width)
        _set_inputs_and_outputs(model, outputs, height, width)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # converters raise many types for what they don't support
        reason = " ".join(str(error).split())[:300]
        raise CtcError(
            f"the network can't be converted to ONNX ({reason}): train with another backbone"
        ) from error
    return model


def _convert(network: keras.Model, names: list[str], height: int, width: int) -> onnx.ModelProto:
    """Return the model with outputs output_0, output_1, … in the order of `names`."""
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # it raises what it logs

    def predict(images: Any) -> dict[str, Any]:
        outputs = network(images, training=False)
        return {f"output_{i}": tf.cast(outputs[name], tf.float32) for i, name in enumerate(names)}

    signature = [tf.TensorSpec((None, height, width, 3), tf.uint8, name=INPUT_NAME)]
    function = tf.function(predict, input_signature=signature)
    with warnings.catch_warnings():
        # of libraries that tf2onnx uses
        warnings.simplefilter("ignore", DeprecationWarning)
        return run_tf2onnx(function, signature)


def run_tf2onnx(function: Any, signature: list[tf.TensorSpec]) -> onnx.ModelProto:
    """Convert with tf2onnx, without its error handling where possible.

    By default tf2onnx copies the network with its weights before each of about twenty optimisations
    in case one fails: more than half of the time and memory. That is the fallback for networks on
    which one does fail.
    """
    from tf2onnx.convert import from_function

    handlers: dict[str, Any] = {"Erfc": (_convert_erfc, [])}
    options = {"input_signature": signature, "opset": OPSET, "custom_op_handlers": handlers}
    os.environ[_CATCH_ERRORS] = "false"
    try:
        model, _ = from_function(function, **options)
    except Exception:
        del os.environ[_CATCH_ERRORS]
        model, _ = from_function(function, **options)
    finally:
        os.environ.pop(_CATCH_ERRORS, None)
    _embed_captured(model, function)
    return model


def _convert_erfc(context: Any, node: Any, _name: str, _arguments: list[Any]) -> None:
    """Replace Erfc, of which TensorFlow makes the exact GELU, by 1 − Erf, which ONNX has."""
    from tf2onnx.utils import make_name

    (value,), (output,) = node.input, node.output
    shapes, dtypes = [context.get_shape(output)], [context.get_dtype(output)]
    one = context.make_const(make_name("one"), np.float32(1)).output[0]
    context.remove_node(node.name)
    erf = context.make_node("Erf", [value], shapes=shapes, dtypes=dtypes).output[0]
    context.make_node("Sub", [one, erf], outputs=[output], shapes=shapes, dtypes=dtypes)


def _embed_captured(model: onnx.ModelProto, function: Any) -> None:
    """Turn tensors that the network refers to, such as numbers of positions, into constants.

    tf2onnx makes inputs of those that are not variables.
    """
    captured = {
        inner.name: outer
        for outer, inner in function.get_concrete_function().graph.captures
        if outer.dtype != tf.resource
    }
    inputs = list(model.graph.input)
    del model.graph.input[:]
    for value in inputs:
        if value.name in captured:
            array = np.asarray(captured[value.name])
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, value.name))
        else:
            model.graph.input.append(value)


def _set_inputs_and_outputs(
    model: onnx.ModelProto, outputs: Mapping[str, int], height: int, width: int
) -> None:
    """Set names and shapes of input and outputs; rename intermediate values with these names."""
    graph = model.graph
    if len(graph.input) != 1 or {value.name for value in graph.output} != {
        f"output_{i}" for i in range(len(outputs))
    }:
        raise ValueError(f"tf2onnx returned the outputs {[value.name for value in graph.output]}")
    renamed = {name: f"{name}/inner" for name in (INPUT_NAME, *outputs)}
    renamed |= {f"output_{i}": name for i, name in enumerate(outputs)} | {
        graph.input[0].name: INPUT_NAME
    }
    rename_values(graph, renamed)
    del graph.input[:], graph.output[:], graph.value_info[:]
    images = onnx.helper.make_tensor_value_info(
        INPUT_NAME, onnx.TensorProto.UINT8, [_BATCH_AXIS, height, width, 3]
    )
    graph.input.append(images)
    for name, size in outputs.items():
        graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [_BATCH_AXIS, size])
        )
