"""The network of a file that holds weights alone: one of keras.applications, of 2.x, or ours.

It is built here, without weights, and its layers are then matched with the file's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ctc.errors import InputError
from ctc.plugin import Backbone
from ctc.plugin.manager import plugins

from .graph import Call, Graph, Layer, TensorRef, parse_graph
from .hdf5 import NumberFile
from .old_networks import RESNETS, SMALL_CNN, convolutions, old_network
from .weights import snake_case

OLD_OUTPUT = "label/"
"""Of the names of the outputs of 2.x."""
_DEFAULT_SIZE = 224
_SIZES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2L": 480,
    "EfficientNetV2M": 480,
    "EfficientNetV2S": 384,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}
"""Pixels per side that a network was made for, 224 for the others."""


def find_network(path: Path, file: NumberFile, size: tuple[int, int] | None) -> Graph:
    """Return the graph of the network whose weights a file holds.

    Raises InputError if neither its layers nor its name tell which network that is.
    """
    names = file.names("model_weights", "layer_names") or file.names("/", "layer_names") or ()
    outputs = [name for name in names if name.startswith(OLD_OUTPUT)]
    if outputs:
        graph = _of_version2(file, names, outputs, size)
    else:
        graph = _of_file_name(path, file, names, size)
    return _rename(graph, names) if names else graph


def _of_version2(
    file: NumberFile, names: tuple[str, ...], outputs: list[str], size: tuple[int, int] | None
) -> Graph:
    heads = {output: _bias_size(file, output) for output in outputs}
    keras_name = {"block14_sepconv2": "Xception", "conv_7b": "InceptionResNetV2"}
    application = next((keras_name[name] for name in names if name in keras_name), None)
    if application is not None:
        base = _application(application, size or (299, 299), None)
        return _with_heads(base, heads)
    found = sum(bool(re.fullmatch(r"conv2d(_\d+)?", name)) for name in names)
    for name in (SMALL_CNN, *RESNETS):
        if convolutions(name) == found:
            default = (50, 50) if name == SMALL_CNN else (224, 224)
            return old_network(name, size or default, heads)
    raise InputError(
        f"it has {found} convolutions, and no network of camera-trap-classifier 2.x has so many"
    )


def _of_file_name(
    path: Path, file: NumberFile, names: tuple[str, ...], size: tuple[int, int] | None
) -> Graph:
    """Return the network that the file is named after: `xception_weights_tf_….h5`."""
    from keras import applications

    plain = _plain(path.name)
    known = {
        _plain(name): name
        for name, value in vars(applications).items()
        if callable(value) and name[:1].isupper()
    }
    matches = sorted((one for one in known if one in plain), key=len)
    if matches:
        name = known[matches[-1]]
        side = _SIZES.get(name, _DEFAULT_SIZE)
        return _application(name, size or (side, side), _classes(file, names))
    ours = sorted((one for one in plugins().all(Backbone) if _plain(one) in plain), key=len)
    if ours:
        backbone = plugins().get(Backbone, ours[-1])
        return _graph_of(backbone.build((*(size or backbone.input_size), 3)))
    raise InputError(
        "it holds weights without a description of their layers, and its name is not that of a "
        "network: name it after one of keras.applications, such as 'xception.weights.h5', or save "
        "the whole network, with `model.save`, as a .keras file"
    )


def _application(name: str, size: tuple[int, int], classes: int | None) -> Graph:
    """Return a network of keras.applications, with or without its last layers."""
    from keras import applications

    build = getattr(applications, name)
    try:
        if classes is None:
            return _graph_of(
                build(weights=None, include_top=False, pooling="avg", input_shape=(*size, 3))
            )
        return _graph_of(build(weights=None, input_shape=(*size, 3), classes=classes))
    except ValueError as error:
        raise InputError(f"{name} can't be built: {' '.join(str(error).split())}") from None


def _graph_of(network: Any) -> Graph:
    return parse_graph(json.loads(network.to_json()))


def _classes(file: NumberFile, names: tuple[str, ...]) -> int | None:
    """Return the number of classes of the last layer; None for weights without last layers."""
    if names:
        last = next(
            (name for name in ("predictions", "conv_preds", "Logits", "fc1000") if name in names),
            None,
        )
        return None if last is None else _bias_size(file, last)
    dense = [name for name in file.shapes if re.fullmatch(r"layers/dense(_\d+)?/vars/1", name)]
    sizes = [file.shapes[name][0] for name in dense]
    return sizes[dense.index(max(dense, key=lambda name: (len(name), name)))] if dense else None


def _bias_size(file: NumberFile, layer: str) -> int:
    root = "model_weights/" if file.names("model_weights", "layer_names") is not None else ""
    for weight in file.names(f"{root}{layer}", "weight_names") or ():
        shape = file.shapes.get(f"{root}{layer}/{weight}", ())
        if weight.removesuffix(":0").endswith("bias") and len(shape) == 1:
            return shape[0]
    raise InputError(f"its last layer '{layer}' has no bias, so its classes can't be counted")


def _with_heads(graph: Graph, heads: Mapping[str, int]) -> Graph:
    """Return a feature network with a dense layer for each output."""
    (features,) = graph.outputs.values()
    layers = tuple(
        Layer(name, "Dense", {"units": size, "activation": "softmax"}, (Call((features,)),))
        for name, size in heads.items()
    )
    outputs = {name: TensorRef(name) for name in heads}
    return replace(graph, layers=(*graph.layers, *layers), outputs=outputs)


def _rename(graph: Graph, names: tuple[str, ...]) -> Graph:
    """Give the layers that Keras numbered the numbers that they have in the file.

    The first `Conv2D` of a program is `conv2d`, and the next network that it makes may begin with
    `conv2d_94`; the order is that in which they were made.
    """
    new: dict[str, str] = {}
    for base in {snake_case(layer.kind) for layer in graph.layers}:
        pattern = re.compile(rf"{base}(_v\d)?(_(?P<number>\d+))?")
        own = _numbered([layer.name for layer in graph.layers], pattern)
        found = _numbered(names, pattern)
        if len(own) == len(found):
            new |= dict(zip(own, found, strict=True))
    layers = tuple(
        replace(
            layer,
            name=new.get(layer.name, layer.name),
            calls=tuple(
                replace(call, arguments=_renamed(call.arguments, new)) for call in layer.calls
            ),
        )
        for layer in graph.layers
    )
    return replace(
        graph,
        layers=layers,
        inputs=_renamed(graph.inputs, new),
        outputs={name: _renamed(ref, new) for name, ref in graph.outputs.items()},
    )


def _numbered(names: Any, pattern: re.Pattern[str]) -> list[str]:
    """Return the names that fit, by their number; none is 0."""
    found = [
        (int(match["number"] or 0), name) for name in names if (match := pattern.fullmatch(name))
    ]
    return [name for _, name in sorted(found)]


def _renamed(given: Any, new: Mapping[str, str]) -> Any:
    if isinstance(given, TensorRef):
        return replace(given, layer=new.get(given.layer, given.layer))
    if isinstance(given, tuple):
        return tuple(_renamed(one, new) for one in given)
    return [_renamed(one, new) for one in given] if isinstance(given, list) else given


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
