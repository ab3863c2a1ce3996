"""Pretrained weights: `--weights NAME`, which the backbone provides, or `--weights FILE`.

A file is read as numbers only. Saved models are refused, because loading one can run code from the
file (CVE-2024-3660, CVE-2025-1550).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import keras

from ctc.errors import InputError, UsageError, did_you_mean, shorten
from ctc.plugin import Backbone

WEIGHTS_SUFFIX = ".weights.h5"
# the attribute of an HDF5 file in which Keras stores a model's layers, and their code
_MODEL_CONFIG_ATTRIBUTE = "model_config"
# the attribute of a file of weights of Keras 1 and 2, such as `xception_…_notop.h5`
_LAYER_NAMES_ATTRIBUTE = "layer_names"

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class PretrainedBackbone:
    """A backbone that builds its network with pretrained weights.

    `mean`, `std`: for standardisation, per channel R, G, B, 0–1; None: use those of the dataset.
    """

    backbone: Backbone
    mean: Channels | None
    std: Channels | None


def load_pretrained(backbone: Backbone, weights: str) -> PretrainedBackbone:
    """Return the backbone with pretrained weights.

    `weights`: a name in `backbone.pretrained`, or a file that `save_weights` of the backbone's
    network wrote. A file is assumed to need the standardisation of the backbone's first pretrained
    weights, if it has any. Raises UsageError or InputError if there is no such name or file, or the
    file holds more than weights. Whether they fit is checked when the network is built.
    """
    for known in backbone.pretrained:
        if known.name == weights:
            return PretrainedBackbone(replace(backbone, build=known.build), known.mean, known.std)
    path = Path(weights)
    _check_file(path, backbone)

    def build(shape: tuple[int, int, int]) -> keras.Model:
        network = backbone.build(shape)
        load_weights_file(network, path)
        return network

    loaded = replace(backbone, build=build)
    if not backbone.pretrained:
        return PretrainedBackbone(loaded, None, None)
    return PretrainedBackbone(loaded, backbone.pretrained[0].mean, backbone.pretrained[0].std)


def load_weights_file(network: keras.Model, path: Path) -> None:
    """Load the weights in `path` into `network`.

    The file holds exactly the weights of such a network, as its `save_weights` writes them, or a
    network in which it is nested, such as one with a head. Raises InputError, with layer and
    shapes, for any other file.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / f"own{WEIGHTS_SUFFIX}"
        network.save_weights(own)
        order = {layer.name: index for index, layer in enumerate(network.layers)}
        expected = dict(
            sorted(
                _read_variables(own).items(),
                key=lambda named: order.get(named[1].layer, len(order)),
            )
        )
        found = _read_variables(path)
        group = _nested_group(expected, found)
        if not group and (mismatch := _describe_mismatch(expected, found)):
            raise InputError(f"'{path}' doesn't fit '{network.name}': {mismatch}")
        try:
            _copy_arrays(path, group, own, expected)
        except (OSError, ValueError) as error:  # the file is damaged
            raise InputError(f"'{path}' can't be read: {str(error).splitlines()[0]}") from None
        network.load_weights(own)


def _nested_group(expected: Mapping[str, _Variable], found: Mapping[str, _Variable]) -> str:
    """Return the group, such as 'layers/functional/', in which `expected` is nested, else ''."""
    first = next(iter(expected), "")
    groups = sorted(name.removesuffix(first) for name in found if name.endswith(f"/{first}"))
    for group in groups:
        nested = (found.get(f"{group}{name}") for name in expected)
        shapes = [variable and variable.shape for variable in nested]
        if shapes == [variable.shape for variable in expected.values()]:
            return group
    return ""


def _copy_arrays(path: Path, group: str, own: Path, names: Iterable[str]) -> None:
    """Copy the values of these arrays from their group in `path` to `own`."""
    with h5py.File(path) as source, h5py.File(own, "r+") as target:
        for name in names:
            target[name][...] = source[f"{group}{name}"][()]


@dataclass(frozen=True)
class _Variable:
    layer: str
    shape: tuple[int, ...]


def _check_file(path: Path, backbone: Backbone) -> None:
    names = [known.name for known in backbone.pretrained]
    if not path.is_file():
        near = did_you_mean(str(path), names)
        raise UsageError(
            f"--weights '{path}' is neither a file nor the name of weights for "
            f"'{backbone.name}'{near}"
        )
    not_weights = (
        f"'{path}' is not a file of weights only, and a saved model could run code: "
        f"save its weights as a file '*{WEIGHTS_SUFFIX}'"
    )
    attributes = _read_attributes(path)
    if _LAYER_NAMES_ATTRIBUTE in attributes and _MODEL_CONFIG_ATTRIBUTE not in attributes:
        raise InputError(
            f"'{path}' holds weights in the layout of Keras 2: read them with Keras into a network "
            f"of keras.applications, by `load_weights`, and write them with its `save_weights` as "
            f"a file '*{WEIGHTS_SUFFIX}'"
        )
    if not path.name.endswith(WEIGHTS_SUFFIX) or _MODEL_CONFIG_ATTRIBUTE in attributes:
        raise InputError(not_weights)
    if not h5py.is_hdf5(path):
        raise InputError(f"'{path}' is not a file of weights that Keras wrote, or it is damaged")


def _read_attributes(path: Path) -> frozenset[str]:
    """Return the names of the attributes of an HDF5 file; none for another file."""
    if not h5py.is_hdf5(path):
        return frozenset()
    with h5py.File(path) as file:
        return frozenset(file.attrs)


def _read_variables(path: Path) -> dict[str, _Variable]:
    """Return every array in a file that Keras wrote; links to other files are not followed.

    Raises InputError for an array whose values stand in another file: loading it would put what
    that file holds into the network.
    """
    found = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise InputError(
                    f"'{path}' is not a file of weights only: its array '{shorten(name)}' points "
                    "to another file"
                )
            found[name] = _Variable(
                str(item.parent.attrs.get("name", item.parent.name)), item.shape
            )

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def _describe_mismatch(
    expected: Mapping[str, _Variable], found: Mapping[str, _Variable]
) -> str | None:
    for name, variable in expected.items():
        if name not in found:
            return f"it has no array of shape {variable.shape} for the layer '{variable.layer}'"
        if found[name].shape != variable.shape:
            other = found[name]
            return (
                f"the layer '{variable.layer}' has the shape {variable.shape}, "
                f"in the file it is '{other.layer}' with {other.shape}"
            )
    surplus = [found[name] for name in found if name not in expected]
    return (
        f"the network has no layer for its '{surplus[0].layer}' of shape {surplus[0].shape}"
        if surplus
        else None
    )
