"""Vectorised parsing of probabilities in JSON cells, more than twice as fast as `json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

_PAIR_SEPARATOR, _KEY_SEPARATOR = ', "', ": "


def parse_uniform_cells(
    cells: Sequence[str] | pa.StringArray,
) -> tuple[tuple[str, ...], NDArray[np.float32]] | None:
    """Parse JSON objects that all name the same classes in the same order.

    Returns the classes and float32 (cells, classes). Returns None if a cell differs, or is not
    spaced as `json.dumps` does: such cells need `json`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = cells if isinstance(cells, pa.Array) else pa.array(cells)
    classes = _class_names(texts[0].as_py())
    parts = pc.split_pattern(texts, _PAIR_SEPARATOR)
    if not classes or not pc.all(pc.equal(pc.list_value_length(parts), len(classes))).as_py():
        return None
    flat, first = parts.flatten(), np.arange(len(cells)) * len(classes)
    values = np.empty((len(cells), len(classes)), np.float32)
    for number in range(len(classes)):
        column = _parse_column(
            flat.take(pa.array(first + number)), "}" if number == len(classes) - 1 else ""
        )
        if column is None:
            return None
        values[:, number] = column
    return classes, values


def _parse_column(column: pa.StringArray, suffix: str) -> NDArray[np.float32] | None:
    """Parse the number between a name and `suffix`; None if the cells' names differ."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = column[0].as_py()
    prefix = text[: text.rfind(_KEY_SEPARATOR) + len(_KEY_SEPARATOR)]
    if not pc.all(pc.and_(pc.starts_with(column, prefix), pc.ends_with(column, suffix))).as_py():
        return None
    try:
        numbers = pc.cast(
            pc.utf8_slice_codeunits(column, len(prefix), -len(suffix) or None), pa.float32()
        )
    except pa.ArrowInvalid:
        return None
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float32)


def _class_names(cell: str) -> tuple[str, ...]:
    """Return the keys of a JSON object; empty if the cell is not an object."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return ()
    return tuple(found) if isinstance(found, dict) else ()
