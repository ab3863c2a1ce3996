"""Pretrained weights: `--weights NAME`, which the backbone provides, or `--weights FILE`.

A file is read as numbers only. Saved models are refused, because loading one can run code from the
file (CVE-2024-3660, CVE-2025-1550).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import keras

from ctc.errors import InputError, UsageError, did_you_mean
from ctc.plugin import Backbone

WEIGHTS_SUFFIX = ".weights.h5"
# the attribute of an HDF5 file in which Keras stores a model's layers, and their code
_MODEL_CONFIG_ATTRIBUTE = "model_config"

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

    Raises InputError, with layer and shapes, unless the file holds exactly the weights of such a
    network.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / f"own{WEIGHTS_SUFFIX}"
        network.save_weights(own)
        order = {layer.name: index for index, layer in enumerate(network.layers)}
        expected = sorted(
            _read_variables(own).items(), key=lambda named: order.get(named[1].layer, len(order))
        )
    mismatch = _describe_mismatch(dict(expected), _read_variables(path))
    if mismatch:
        raise InputError(f"'{path}' doesn't fit '{network.name}': {mismatch}")
    try:
        network.load_weights(path)
    except (OSError, ValueError) as error:  # a damaged file, or one that points to other files
        raise InputError(f"'{path}' can't be read: {str(error).splitlines()[0]}") from None


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
    if not path.name.endswith(WEIGHTS_SUFFIX):
        raise InputError(not_weights)
    if not h5py.is_hdf5(path):
        raise InputError(f"'{path}' is not a file of weights that Keras wrote, or it is damaged")
    with h5py.File(path) as file:
        if _MODEL_CONFIG_ATTRIBUTE in file.attrs:
            raise InputError(not_weights)


def _read_variables(path: Path) -> dict[str, _Variable]:
    """Return every array in a file that Keras wrote; links to other files are not followed."""
    found = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
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
