"""Load the numbers of a file into a network, with an account of every array.

Two layouts are read:

- Keras 3: `layers/conv2d_1/vars/0`. A layer's group is named by its class and its number among
  those of the class, in the order of the description; the numbers of its arrays are their order.
- Keras 1 and 2, and Keras 3's `.h5`: `model_weights/NAME/NAME/kernel:0`, where NAME is the layer's
  own; in a network inside another, `model_weights/OUTER/NAME/kernel:0`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError, shorten
from ctc.reporting import counted

from .graph import Graph, Layer
from .hdf5 import NumberFile
from .layers import OF_TRAINING

if TYPE_CHECKING:
    import keras

Place = tuple[str, ...]
Arrays = Mapping[str, str]
"""Name or number of a variable → name of its array in the file."""

_LEGACY_ROOT = "model_weights"
_OLD_NAMES = {"kernel": "depthwise_kernel"}
"""Of the variables of a `DepthwiseConv2D`, in Keras 2."""


def load_weights(graph: Graph, layers: Mapping[Place, keras.layers.Layer], file: NumberFile) -> int:
    """Set the numbers of all layers; returns how many.

    Raises InputError, naming the layer and the shapes, if one is missing, one has another shape, or
    one is left over.
    """
    found = _legacy_arrays(file) if _is_legacy(file) else _arrays(graph, file)
    kinds = dict(_places(graph))
    used: set[str] = set()
    loaded = 0
    for place, layer in layers.items():
        arrays = _find(place, found)
        spec = kinds[place]
        for index, variable in enumerate(_variables(layer)):
            name = _array_name(arrays, index, variable.name, spec)
            if name is None:
                raise InputError(
                    f"its layer '{shorten(place[-1])}', a {spec.kind}, has no array "
                    f"'{variable.name}' of shape {tuple(variable.shape)} in the file"
                )
            values = _fit(file.read(name), tuple(variable.shape), spec)
            if values.shape != tuple(variable.shape):
                raise InputError(
                    f"its layer '{shorten(place[-1])}', a {spec.kind}, needs a "
                    f"'{variable.name}' of shape {tuple(variable.shape)}, the file has "
                    f"{file.shapes[name]}"
                )
            if not np.isfinite(values).all():
                raise InputError(
                    f"its layer '{shorten(place[-1])}' has a '{variable.name}' with numbers that "
                    "are not finite"
                )
            variable.assign(values)
            used.add(name)
            loaded += values.size
        if hasattr(layer, "finalize_state"):  # a Normalization computes with copies of its numbers
            layer.finalize_state()
    if left := sorted(set(file.shapes) - used - _of_training(graph, file, found)):
        raise InputError(
            f"it has {counted(len(left), 'array')} that no layer of its description takes, such as "
            f"'{shorten(left[0])}' of shape {file.shapes[left[0]]}"
        )
    return loaded


def _variables(layer: keras.layers.Layer) -> list[Any]:
    """Return the variables of a layer in the order that Keras saves them."""
    return [*layer.trainable_variables, *layer.non_trainable_variables]


def _is_legacy(file: NumberFile) -> bool:
    return any(file.names(root, "layer_names") is not None for root in (_LEGACY_ROOT, "/"))


def _arrays(graph: Graph, file: NumberFile) -> dict[Place, Arrays]:
    """Return the arrays of each layer in Keras 3's layout."""
    by_group: dict[str, dict[str, str]] = {}
    for name in file.shapes:
        group, _, variable = name.rpartition("/")
        by_group.setdefault(group, {})[variable] = name
    paths = _paths(graph, _root(file))
    return {place: by_group.get(f"{path}/vars", {}) for place, path in paths.items()}


def _root(file: NumberFile) -> str:
    """Return the group of all layers, which had another name in Keras 2.12."""
    tops = {name.split("/", 1)[0] for name in file.shapes}
    return "layers" if "layers" in tops else "_layer_checkpoint_dependencies"


def _paths(graph: Graph, root: str, place: Place = ()) -> dict[Place, str]:
    """Return the group of each layer: its class in snake case and its number of that class."""
    counts: dict[str, int] = {}
    found: dict[Place, str] = {}
    for layer in graph.layers:
        if layer.kind == "InputLayer" and graph.kind == "Sequential":
            continue
        kind = layer.network.kind if layer.network else layer.kind
        name = snake_case(kind)
        number = counts.get(name, 0)
        counts[name] = number + 1
        path = f"{root}/{name}_{number}" if number else f"{root}/{name}"
        found[(*place, layer.name)] = path
        if layer.network is not None:
            inner = f"{path}/{root.rsplit('/', 1)[-1]}"
            found |= _paths(layer.network, inner, (*place, layer.name))
    return found


def snake_case(name: str) -> str:
    """Return a class's name as Keras writes it: DepthwiseConv2D → depthwise_conv2d."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _legacy_arrays(file: NumberFile) -> Mapping[Place, Arrays]:
    """Return the arrays of each layer in the layout of Keras 1 and 2."""
    is_nested = file.names(_LEGACY_ROOT, "layer_names") is not None
    prefix = f"{_LEGACY_ROOT}/" if is_nested else ""
    found: dict[Place, dict[str, str]] = {}
    for outer in file.names(_LEGACY_ROOT if is_nested else "/", "layer_names") or ():
        for weight in file.names(f"{prefix}{outer}", "weight_names") or ():
            name = f"{prefix}{outer}/{weight}"
            if name not in file.shapes:
                raise InputError(
                    f"its layer '{shorten(outer)}' lists '{shorten(weight)}', which is not in the "
                    "file"
                )
            *layers, variable = weight.removesuffix(":0").split("/")
            inner = layers[-1] if layers else outer
            for place in {(outer,), (outer, inner)}:
                found.setdefault(place, {}).setdefault(variable, name)
    return found


def _find(place: Place, found: Mapping[Place, Arrays]) -> Arrays:
    """Return the arrays of a layer.

    A network in a network in a network is one group in the layout of Keras 2.
    """
    return found.get(place) or found.get((place[0], place[-1])) or {}


def _array_name(arrays: Arrays, index: int, variable: str, layer: Layer) -> str | None:
    old = _OLD_NAMES.get(variable, "") if layer.kind == "DepthwiseConv2D" else ""
    return arrays.get(variable) or arrays.get(old) or arrays.get(str(index))


def _fit(values: NDArray[np.float32], shape: tuple[int, ...], layer: Layer) -> NDArray[np.float32]:
    """Return the kernel of a convolution with a group per channel as a depthwise kernel."""
    is_grouped = layer.kind == "Conv2D" and values.ndim == 4 and shape != values.shape
    return np.ascontiguousarray(np.swapaxes(values, 2, 3)) if is_grouped else values


def _places(graph: Graph, place: Place = ()) -> list[tuple[Place, Layer]]:
    found: list[tuple[Place, Layer]] = []
    for layer in graph.layers:
        found.append(((*place, layer.name), layer))
        if layer.network is not None:
            found += _places(layer.network, (*place, layer.name))
    return found


def _of_training(graph: Graph, file: NumberFile, found: Mapping[Place, Arrays]) -> set[str]:
    """Return the arrays of layers that only training needs, such as the seed of a dropout."""
    places = [place for place, layer in _places(graph) if layer.kind in OF_TRAINING]
    legacy = {name for place in places for name in found.get(place, {}).values()}
    paths = _paths(graph, _root(file))
    groups = tuple(f"{paths[place]}/" for place in places if place in paths)
    return legacy | {name for name in file.shapes if groups and name.startswith(groups)}
