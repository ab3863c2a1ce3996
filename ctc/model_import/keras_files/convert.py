"""Convert a built Keras network to ONNX, and run it as the reference for the comparison."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper

from ctc.errors import CtcError, shorten
from ctc.export.graph import rename_values
from ctc.model_import.network import RunNetwork

from .build import FEATURES, BuiltNetwork

INPUT = "pixels"


def to_onnx(network: BuiltNetwork) -> ModelProto:
    """Return the network as ONNX: `pixels`, float32 (N, height, width, 3), to its outputs by name.

    The features of a network with classes are an inner tensor, `features`. Raises CtcError when a
    part of it has no equivalent.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise CtcError(
            "the import of a Keras file needs the TensorFlow backend, not "
            f"'{keras.backend.backend()}': unset KERAS_BACKEND"
        )
    sizes = dict(network.outputs)
    if network.feature_size is not None:
        sizes[FEATURES] = network.feature_size
    try:
        model = _convert(network, list(sizes))
        graph = model.graph
        renamed = {name: f"{name}/inner" for name in (INPUT, *sizes)}
        renamed |= {f"output_{index}": name for index, name in enumerate(sizes)}
        rename_values(graph, renamed | {graph.input[0].name: INPUT})
        if network.outputs and FEATURES in sizes:
            _make_inner(model, FEATURES)
            del sizes[FEATURES]
        height, width = network.model.inputs[0].shape[1:3]
        del graph.input[:], graph.output[:], graph.value_info[:]
        value, float32 = helper.make_tensor_value_info, TensorProto.FLOAT
        graph.input.append(value(INPUT, float32, ["N", height, width, 3]))
        graph.output.extend(value(name, float32, ["N", size]) for name, size in sizes.items())
        checker.check_model(model, full_check=True)
    except Exception as error:  # converters raise many types for what they don't support
        why = shorten(" ".join(str(error).split()), 300)
        raise CtcError(
            f"it can't be converted to ONNX ({why}): export it as ONNX where it was trained"
        ) from error
    return model


def _make_inner(model: ModelProto, name: str) -> None:
    """Let the layers behind an output take it under its own name, not that of a copy."""
    nodes = model.graph.node
    copy = next(node for node in nodes if name in node.output)
    if copy.op_type == "Identity":
        nodes.remove(copy)
        rename_values(model.graph, {copy.input[0]: name})


def _convert(network: BuiltNetwork, names: list[str]) -> ModelProto:
    """Return the model with outputs output_0, output_1, … in the order of the names."""
    import tensorflow as tf

    from ctc.export.convert import run_tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # it raises what it logs

    def predict(pixels: Any) -> dict[str, Any]:
        outputs = network.model(pixels, training=False)
        return {f"output_{index}": outputs[name] for index, name in enumerate(names)}

    shape = (None, *network.model.inputs[0].shape[1:])
    signature = [tf.TensorSpec(shape, tf.float32, name=INPUT)]
    with warnings.catch_warnings():
        # of libraries that tf2onnx uses
        warnings.simplefilter("ignore", DeprecationWarning)
        return run_tf2onnx(tf.function(predict, input_signature=signature), signature)


def runner(network: BuiltNetwork) -> RunNetwork:
    """Return a function that runs the Keras network itself."""

    def run(pixels: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        outputs = network.model(np.asarray(pixels, np.float32), training=False)
        return {name: np.asarray(values) for name, values in outputs.items()}

    return run
