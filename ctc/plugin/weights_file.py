"""Load a local file of weights into a network, as numbers only.

For backbones whose weights come in files of their own, see `Backbone.open_weights`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctc.errors import InputError, shorten

if TYPE_CHECKING:
    import h5py
    import keras

WEIGHTS_SUFFIX = ".weights.h5"
"""Of a file of weights of Keras 3."""


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
    import h5py

    with h5py.File(path) as source, h5py.File(own, "r+") as target:
        for name in names:
            target[name][...] = source[f"{group}{name}"][()]


@dataclass(frozen=True)
class _Variable:
    layer: str
    shape: tuple[int, ...]


def _read_variables(path: Path) -> dict[str, _Variable]:
    """Return every array in a file that Keras wrote; links to other files are not followed.

    Raises InputError for an array whose values stand in another file: loading it would put what
    that file holds into the network.
    """
    import h5py

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
