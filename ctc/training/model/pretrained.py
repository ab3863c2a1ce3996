"""Pretrained weights: `--weights NAME`, which the backbone provides, or `--weights FILE`.

A file is read as numbers only. Saved models are refused, because loading one can run code from the
file (CVE-2024-3660, CVE-2025-1550).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import keras

from ctc.errors import InputError, UsageError, did_you_mean
from ctc.plugin import Backbone, Pretrained
from ctc.plugin.weights_file import WEIGHTS_SUFFIX, load_weights_file

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

    `weights`: a name in `backbone.pretrained`, a folder that `backbone.open_weights` knows, or a
    file that `save_weights` of the backbone's network wrote. A file is assumed to need the
    standardisation of the backbone's first pretrained weights, if it has any. Raises UsageError or
    InputError if there is no such name, folder or file, or it holds more than weights. Whether they
    fit is checked when the network is built.
    """
    for known in backbone.pretrained:
        if known.name == weights:
            return _with(backbone, known)
    path = Path(weights)
    if backbone.open_weights is not None and path.is_dir():
        return _with(backbone, backbone.open_weights(path))
    _check_file(path, backbone)

    def build(shape: tuple[int, int, int]) -> keras.Model:
        network = backbone.build(shape)
        load_weights_file(network, path)
        return network

    loaded = replace(backbone, build=build)
    if not backbone.pretrained:
        return PretrainedBackbone(loaded, None, None)
    return PretrainedBackbone(loaded, backbone.pretrained[0].mean, backbone.pretrained[0].std)


def _with(backbone: Backbone, weights: Pretrained) -> PretrainedBackbone:
    return PretrainedBackbone(replace(backbone, build=weights.build), weights.mean, weights.std)


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
