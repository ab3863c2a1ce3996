"""Read arrays of numbers from an HDF5 file, and nothing else.

Links and arrays that lead to other files are refused, as are values that are not numbers and more
of them than a model file can hold; a file of h5py's own features can't make a program read
`/etc/passwd` or fill the memory. https://docs.hdfgroup.org/hdf5/develop/_h5_d__u_g.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ctc.errors import InputError, reason, shorten
from ctc.runtime.model_bytes import MAX_BYTES

if TYPE_CHECKING:
    import h5py

MAX_OBJECTS = 200_000
MAX_TEXT = 64 << 20
"""Bytes of a description of layers."""
_DAMAGED = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, MemoryError)


@dataclass(frozen=True)
class NumberFile:
    """An open HDF5 file of numbers.

    `shapes`: name of an array, with its groups → shape.
    """

    file: h5py.File
    shapes: Mapping[str, tuple[int, ...]]

    def read(self, name: str) -> NDArray[np.float32]:
        """Return an array as float32; raises InputError if it is damaged."""
        try:
            return np.asarray(self.file[name][()], np.float32)
        except _DAMAGED as error:
            raise InputError(
                f"its array '{shorten(name)}' can't be read: {reason(error)}"
            ) from None

    def names(self, group: str, attribute: str) -> tuple[str, ...] | None:
        """Return an attribute that is a list of names; None if there is no such group or list.

        A long list is kept in pieces `attribute0`, `attribute1`, …, as Keras writes it.
        """
        try:
            found = self.file[group].attrs if group in self.file else {}
            if attribute in found:
                return _texts(found[attribute])
            parts: list[tuple[str, ...]] = []
            while (piece := f"{attribute}{len(parts)}") in found and len(parts) < MAX_OBJECTS:
                parts.append(_texts(found[piece]))
            return tuple(name for part in parts for name in part) if parts else None
        except _DAMAGED as error:
            raise InputError(f"its '{attribute}' can't be read: {reason(error)}") from None

    def description(self) -> Mapping[str, Any] | None:
        """Return the description of the layers, the JSON in `model_config`; None if there is none.

        Raises InputError if it is damaged.
        """
        try:
            text = self.file.attrs.get("model_config")
            if text is None:
                return None
            if len(text) > MAX_TEXT:
                raise InputError("its description of the layers is larger than 64 MiB")
            found = json.loads(text)
        except (*_DAMAGED, RecursionError) as error:
            raise InputError(
                f"its description of the layers is damaged: {shorten(reason(error))}"
            ) from None
        if not isinstance(found, dict):
            raise InputError("its description of the layers is damaged: it is not an object")
        return found

    def version(self) -> int:
        """Return the major version of Keras that wrote the file, 2 if it doesn't say."""
        text = str(_text(self.file.attrs.get("keras_version", "2")))
        return int(text[0]) if text[:1].isdigit() else 2


@contextmanager
def open_numbers(path: Path) -> Iterator[NumberFile]:
    """Open an HDF5 file; raises InputError if it is damaged or holds more than numbers."""
    import h5py

    try:
        file = h5py.File(path, "r")
    except _DAMAGED:
        raise InputError("it is not an HDF5 file, or a damaged one") from None
    with file:
        try:
            shapes = _list_arrays(file)
        except _DAMAGED as error:
            raise InputError(f"it is damaged: {shorten(reason(error))}") from None
        yield NumberFile(file, shapes)


def _list_arrays(file: h5py.File) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all arrays; raises InputError for what is not a plain array.

    h5py's visitors must not raise; they stop at the first value that is returned.
    """
    found: dict[str, tuple[int, ...]] = {}
    total = [0]  # bytes in float32
    if fault := file.visititems_links(_link_fault):
        raise InputError(fault)

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> str | None:
        if not hasattr(item, "shape") or _is_of_training(name):
            return None
        if fault := _array_fault(name, item):
            return fault
        if len(found) == MAX_OBJECTS:
            return f"it holds more than {MAX_OBJECTS:,} arrays"
        found[name] = item.shape
        total[0] += 4 * prod(item.shape)
        if total[0] > MAX_BYTES:
            return (
                f"its array '{shorten(name)}' of shape {item.shape} makes more than 2 GiB of "
                "weights, more than one model file can hold"
            )
        return None

    if fault := file.visititems(visit):
        raise InputError(fault)
    return found


def _link_fault(name: str, link: object) -> str | None:
    """Return what is wrong with a link of the file; None for a plain one."""
    target = getattr(link, "filename", None) or getattr(link, "path", None)
    if target is None:
        return None
    return (
        f"its '{shorten(name)}' is a link to '{shorten(str(target))}': links in a file of weights "
        "are not followed"
    )


def _array_fault(name: str, item: h5py.Dataset) -> str | None:
    """Return why an array is not one of plain numbers in this file; None if it is."""
    if item.external or item.is_virtual:
        return f"its array '{shorten(name)}' has its values in another file, which is not opened"
    if item.dtype.kind not in "fiub" or item.shape is None:
        return f"its array '{shorten(name)}' holds {item.dtype}, not numbers"
    return None


def _is_of_training(name: str) -> bool:
    """Whether an array belongs to an optimizer or a metric, which a network doesn't need."""
    top = name.split("/", 1)[0]
    return top in ("optimizer", "optimizer_weights", "metrics")


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text(one) for one in np.ravel(values))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
