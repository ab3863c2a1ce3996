"""Files of Keras, old and new, with random numbers.

The old layout is written with h5py alone, as Keras 2.1.6-tf (TensorFlow 1.12) wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OLD_CLASSES = {"CustomScaleLayer": "Lambda"}
_BLOCKS = [
    f"block{size}_{n + 1}" for size, count in ((35, 10), (17, 20), (8, 10)) for n in range(count)
]
"""The names of InceptionResNetV2's residual sums, in their order."""


def stir(network: Any, photos: NDArray[np.float32] | None = None, seed: int = 0) -> None:
    """Give a network random numbers for which its answers differ from photo to photo.

    `photos`: such as it is for; standardised ones by default.
    """
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        fan_in = max(1, int(np.prod(variable.shape[:-1])))
        values = {
            "moving_variance": lambda shape: rng.uniform(0.5, 1.5, shape),
            "gamma": lambda shape: rng.uniform(0.8, 1.2, shape),
        }.get(variable.name)
        variable.assign(
            rng.normal(0, (2 / fan_in) ** 0.5 if variable.ndim > 1 else 0.1, variable.shape)
            if values is None
            else values(variable.shape)
        )

    _calm(network, draw(network, 8) if photos is None else photos)


def _calm(network: Any, photos: NDArray[np.float32]) -> None:
    """Scale the last layers so that the numbers before a softmax differ by about 1."""
    import keras

    for layer in network.layers:
        if layer.name not in network.output_names or not hasattr(layer, "units"):
            continue
        features = np.asarray(keras.Model(network.input, layer.input)(photos, training=False))
        spread = (features @ np.asarray(layer.kernel)).std(axis=0).mean()
        layer.kernel.assign(layer.kernel / max(float(spread), 1e-6))
        centre = (features @ np.asarray(layer.kernel)).mean(axis=0)
        layer.bias.assign(-centre)


def draw(network: Any, count: int = 3) -> NDArray[np.float32]:
    """Return standardised photos, float32 (count, height, width, 3)."""
    shape = (count, *network.input_shape[1:])
    return np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)


def answers(network: Any, photos: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the outputs of a Keras network by the names of its last layers."""
    values = network(photos, training=False)
    values = values if isinstance(values, list | tuple) else [values]
    return dict(zip(network.output_names, map(np.asarray, values), strict=True))


def write_old_file(
    path: Path,
    network: Any,
    names: Mapping[str, str] | None = None,
    with_description: bool = True,
    first: int = 0,
) -> Path:
    """Write a network as Keras 2.1.6-tf did: `model_weights`, and `model_config` as JSON.

    `names`: layer → its name in the file, such as "species" → "label/species". `first`: the number
    of the first layer of each kind that Keras numbers, as in a program that made others before.
    """
    import h5py

    new = {layer.name: _old_name(layer.name, first) for layer in network.layers}
    sums = [one.name for one in network.layers if type(one).__name__ == "CustomScaleLayer"]
    new |= dict(zip(sums, _BLOCKS, strict=False)) | dict(names or {})
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if with_description else file
        group.attrs["layer_names"] = np.array([new[one.name].encode() for one in network.layers])
        group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", b"2.1.6-tf"
        for layer in network.layers:
            name = new[layer.name]
            own = group.create_group(name)
            weights = [f"{name}/{_old_variable(layer, one)}:0" for one in layer.weights]
            own.attrs["weight_names"] = np.array([one.encode() for one in weights])
            for weight, variable in zip(weights, layer.weights, strict=True):
                own.create_dataset(weight, data=np.asarray(variable))
        if with_description:
            file.attrs["keras_version"] = b"2.1.6-tf"
            file.attrs["model_config"] = json.dumps(_old_description(network, new)).encode()
            file.attrs["training_config"] = b'{"loss": "masked_loss_function"}'
            file.create_group("optimizer_weights/training/SGD").create_dataset(
                "iterations:0", data=np.int64(7)
            )
    return path


def _old_name(name: str, first: int) -> str:
    base, _, number = name.rpartition("_")
    if number.isdigit() and not base.startswith(("block", "conv_")):
        return f"{base}_{int(number) + first}"
    return f"{name}_{first}" if first and name in ("conv2d", "batch_normalization") else name


def _old_variable(layer: Any, variable: Any) -> str:
    is_depthwise = type(layer).__name__ == "DepthwiseConv2D" and variable.name == "kernel"
    return "depthwise_kernel" if is_depthwise else str(variable.name)


def _old_description(network: Any, names: Mapping[str, str]) -> dict[str, Any]:
    config = network.get_config()
    layers = []
    for given in config["layers"]:
        kind, options = given["class_name"], dict(given["config"])
        name = options["name"] = names[given["config"]["name"]]
        if kind == "InputLayer":
            options["batch_input_shape"] = list(options.pop("batch_shape"))
        if kind == "CustomScaleLayer":
            code = ["4wEAAAACAAAAAwAAAEMAAABzEgAAAA==\n", None, None]
            options = {
                "name": name,
                "function": code,
                "function_type": "lambda",
                "arguments": {"scale": options["scale"]},
            }
        layers.append(
            {
                "name": name,
                "class_name": _OLD_CLASSES.get(kind, kind),
                "config": options,
                "inbound_nodes": [_old_call(one, names) for one in given["inbound_nodes"]],
            }
        )
    return {
        "class_name": "Model",
        "config": {
            "name": "model",
            "layers": layers,
            "input_layers": [
                [one["name"], 0, 0] for one in layers if one["class_name"] == "InputLayer"
            ],
            "output_layers": [[names[one], 0, 0] for one in network.output_names],
        },
    }


def _old_call(call: Mapping[str, Any], names: Mapping[str, str]) -> list[list[Any]]:
    first = call["args"][0]
    tensors = first if isinstance(first, list) else [first]
    histories = [one["config"]["keras_history"] for one in tensors]
    return [[names[layer], node, output, {}] for layer, node, output in histories]
