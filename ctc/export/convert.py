"""From a Keras network to an ONNX model: uint8 pictures in under the name `images`, one output
named as each label."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import onnx
import tensorflow as tf

from ctc.artifacts.model_file import INPUT_NAME
from ctc.errors import CtcError, InputError

OPSET = 18
_BATCH_AXIS = "N"
_CATCH_ERRORS = "TF2ONNX_CATCH_ERRORS"


def to_onnx(
    network: keras.Model, labels: Mapping[str, int], height: int, width: int
) -> onnx.ModelProto:
    """`network`: uint8 (N, height, width, 3) → dict of label → probabilities (N, classes).
    `labels`: name → number of classes.

    Raises CtcError when a label can't be the name of an output, or a part of the network has no
    counterpart in ONNX."""
    if INPUT_NAME in labels:
        raise InputError(
            f"a label can't be called '{INPUT_NAME}', as the model's input is: rename it in the inventory"
        )
    if keras.backend.backend() != "tensorflow":
        raise CtcError(
            f"export goes through TensorFlow, not '{keras.backend.backend()}': unset KERAS_BACKEND"
        )
    try:
        model = _convert(network, list(labels), height, width)
        _set_inputs_and_outputs(model, labels, height, width)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # a converter meets what it doesn't know in many ways
        reason = " ".join(str(error).split())[:300]
        raise CtcError(
            f"the network can't be converted to ONNX ({reason}): train with another backbone"
        ) from error
    return model


def _convert(network: keras.Model, labels: list[str], height: int, width: int) -> onnx.ModelProto:
    """The model with its outputs called output_0, output_1, … in the order of the labels."""
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it says it raises, too

    def answer(images: Any) -> dict[str, Any]:
        answers = network(images, training=False)
        return {
            f"output_{i}": tf.cast(answers[label], tf.float32) for i, label in enumerate(labels)
        }

    signature = [tf.TensorSpec((None, height, width, 3), tf.uint8, name=INPUT_NAME)]
    function = tf.function(answer, input_signature=signature)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of libraries that tf2onnx uses the old way
        return _run_tf2onnx(function, signature)


def _run_tf2onnx(function: Any, signature: list[tf.TensorSpec]) -> onnx.ModelProto:
    """What tf2onnx makes of it. Left to itself, tf2onnx copies the network, weights and all, before
    each of some twenty optimisations, lest one fail: more than half of the time and memory. So that
    is only for networks on which one does fail."""
    from tf2onnx.convert import from_function

    os.environ[_CATCH_ERRORS] = "false"
    try:
        model, _ = from_function(function, input_signature=signature, opset=OPSET)
    except Exception:
        del os.environ[_CATCH_ERRORS]
        model, _ = from_function(function, input_signature=signature, opset=OPSET)
    finally:
        os.environ.pop(_CATCH_ERRORS, None)
    return model


def _set_inputs_and_outputs(
    model: onnx.ModelProto, labels: Mapping[str, int], height: int, width: int
) -> None:
    """Give input and outputs their names and shapes; inner values that have such a name already
    step aside."""
    graph = model.graph
    if len(graph.input) != 1 or {value.name for value in graph.output} != {
        f"output_{i}" for i in range(len(labels))
    }:
        raise ValueError(f"tf2onnx gave it the outputs {[value.name for value in graph.output]}")
    renamed = {name: f"{name}/inner" for name in (INPUT_NAME, *labels)}
    renamed |= {f"output_{i}": label for i, label in enumerate(labels)} | {
        graph.input[0].name: INPUT_NAME
    }
    _rename_values(graph, renamed)
    del graph.input[:], graph.output[:], graph.value_info[:]
    picture = onnx.helper.make_tensor_value_info(
        INPUT_NAME, onnx.TensorProto.UINT8, [_BATCH_AXIS, height, width, 3]
    )
    graph.input.append(picture)
    for label, classes in labels.items():
        graph.output.append(
            onnx.helper.make_tensor_value_info(
                label, onnx.TensorProto.FLOAT, [_BATCH_AXIS, classes]
            )
        )


def _rename_values(graph: onnx.GraphProto, new_names: Mapping[str, str]) -> None:
    """Rename values wherever they are made and used, in nested graphs too."""
    for tensor in graph.initializer:
        tensor.name = new_names.get(tensor.name, tensor.name)
    for node in graph.node:
        node.input[:] = [new_names.get(name, name) for name in node.input]
        node.output[:] = [new_names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for nested in (attribute.g, *attribute.graphs):
                _rename_values(nested, new_names)
