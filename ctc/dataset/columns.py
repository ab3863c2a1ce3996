"""Columns of an inventory as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.inventory import Inventory
from ctc.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]


def codes_of(column: pa.ChunkedArray) -> Ints:
    """Numbers for the values in order of first appearance, −1 for null."""
    import pyarrow.compute as pc

    chunks = pc.dictionary_encode(column).chunks
    codes = [pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in chunks]
    return np.concatenate([*codes, np.array([], np.int32)]).astype(np.int64)


def values_of(column: pa.ChunkedArray) -> list[object]:
    """The values that `codes_of` numbers, in that order."""
    import pyarrow.compute as pc

    return [value for value in pc.unique(column).to_pylist() if value is not None]


def matches(inventory: Inventory, label: str, value: str) -> NDArray[np.bool_]:
    """Per row, whether `label` has this class. Raises UsageError, with the nearest name, when no row has."""
    import pyarrow.compute as pc

    inventory.check_label(label)
    column = inventory.table[label]
    match: NDArray[np.bool_] = pc.fill_null(pc.equal(column, value), False).to_numpy()
    if not match.any():
        known = [str(entry) for entry in values_of(column)]
        raise UsageError(f"label '{label}' has no class called '{value}'{did_you_mean(value, known)}")
    return match
