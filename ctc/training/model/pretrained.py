"""Weights for a backbone to start from: `--weights NAME`, which the backbone's author provides, or
`--weights FILE`.

A file is read as numbers alone. Whole models are refused: opening one may run code that came with
it (CVE-2024-3660, CVE-2025-1550)."""

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
_MODEL_CONFIG_ATTRIBUTE = "model_config"  # the attribute of an HDF5 file in which Keras describes a model's layers, and their code

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class PretrainedBackbone:
    """`backbone` builds its network with the weights. `mean`, `std`: what to standardise pictures
    with, channels R, G, B of 0–1; None: with what the dataset has."""

    backbone: Backbone
    mean: Channels | None
    std: Channels | None


def load_pretrained(backbone: Backbone, weights: str) -> PretrainedBackbone:
    """`weights`: a name among `backbone.pretrained`, or the path of a file that `save_weights` of
    the backbone's network wrote.

    A file is taken to want the standardisation of the backbone's first pretrained weights, if there
    are any. Raises UsageError or InputError when there is no such name or file, or the file is no
    mere weights; whether they fit shows when the network is built."""
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
    """Give `network` the weights in `path`. Raises InputError, naming layer and shapes, unless it
    holds just those of such a network."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / f"own{WEIGHTS_SUFFIX}"
        network.save_weights(own)
        places = {layer.name: place for place, layer in enumerate(network.layers)}
        wanted = sorted(
            _read_variables(own).items(), key=lambda named: places.get(named[1].layer, len(places))
        )
    misfit = _describe_mismatch(dict(wanted), _read_variables(path))
    if misfit:
        raise InputError(f"'{path}' doesn't fit '{network.name}': {misfit}")
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
            f"--weights '{path}' is neither a file nor the name of weights for '{backbone.name}'{near}"
        )
    whole = f"'{path}' is not weights alone, and a whole model could run code: save its weights as a file '*{WEIGHTS_SUFFIX}'"
    if not path.name.endswith(WEIGHTS_SUFFIX):
        raise InputError(whole)
    if not h5py.is_hdf5(path):
        raise InputError(f"'{path}' is not a file of weights that Keras wrote, or it is damaged")
    with h5py.File(path) as file:
        if _MODEL_CONFIG_ATTRIBUTE in file.attrs:
            raise InputError(whole)


def _read_variables(path: Path) -> dict[str, _Variable]:
    """Every array in a file that Keras wrote; links to other files are not followed."""
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
            return f"it has nothing of shape {variable.shape} for the layer '{variable.layer}'"
        if found[name].shape != variable.shape:
            other = found[name]
            return f"the layer '{variable.layer}' is {variable.shape}, in the file it is '{other.layer}', {other.shape}"
    surplus = [found[name] for name in found if name not in expected]
    return (
        f"there is no place for its layer '{surplus[0].layer}', {surplus[0].shape}"
        if surplus
        else None
    )
