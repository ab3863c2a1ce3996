"""Keras variables as named arrays, and back; a mismatch is reported by name and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from keras import ops
from numpy.typing import NDArray

from ctc.errors import InputError
from ctc.training.model.npz_file import Arrays

Sections = Mapping[str, Sequence[Any]]


def to_arrays(sections: Sections) -> Arrays:
    """Return the values of all variables as `SECTION/INDEX/PATH`: `network/0004/head_0/kernel`.

    The index identifies a variable, because Keras numbers layer names through the whole process.
    """
    return {
        f"{section}/{index:04d}/{variable.path}": ops.convert_to_numpy(variable)
        for section, variables in sections.items()
        for index, variable in enumerate(variables)
    }


def assign_arrays(sections: Sections, arrays: Arrays) -> None:
    """Assign arrays that `to_arrays` returned to the variables.

    Raises InputError, and changes nothing, if a shape differs.
    """
    pairs = [
        (variable, array)
        for section, variables in sections.items()
        for variable, array in zip_longest(variables, _section_arrays(section, arrays).items())
    ]
    for variable, named in pairs:
        _check_shape(variable, named)
    for variable, (_, array) in pairs:
        variable.assign(array)


def _section_arrays(section: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    names = sorted(name for name in arrays if name.startswith(f"{section}/"))
    return {name.split("/", 2)[2]: arrays[name] for name in names}


def _check_shape(variable: Any, named: tuple[str, NDArray[Any]] | None) -> None:
    if named is None:
        raise InputError(f"it has no array for '{variable.path}' of shape {tuple(variable.shape)}")
    name, array = named
    if variable is None:
        raise InputError(f"the network has no variable for its '{name}' of shape {array.shape}")
    if tuple(variable.shape) != array.shape:
        raise InputError(
            f"its '{name}' has the shape {array.shape}, "
            f"the network's '{variable.path}' {tuple(variable.shape)}"
        )
