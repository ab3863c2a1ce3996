"""Arrow columns of an inventory, also those that are larger than one Arrow array can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]

DATETIME = "datetime"
LOCATION = "location"
TAKE_CHUNK_ROWS = 1 << 20


def factorize(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Return the distinct values in order of appearance, and for each row the index of its value.

    The index of null is −1; as `pandas.factorize`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type):
        column = column.cast(
            pa.large_string()
        )  # the distinct paths may take more than the 2 GiB of a string array
    encoded = pc.dictionary_encode(column)
    if not encoded.num_chunks:
        return pa.array([], column.type), np.array([], np.int64)
    numbers = [
        pc.fill_null(chunk.indices, -1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks
    ]
    return encoded.chunks[-1].dictionary, np.concatenate(numbers).astype(np.int64)


def combine_chunks(column: pa.ChunkedArray) -> pa.Array:
    """Return the column as one array, of Arrow's large type for text and lists.

    An array of the ordinary type for text holds 2 GiB at most.
    """
    return column.cast(_large_type(column.type)).combine_chunks()


def take(column: pa.ChunkedArray, rows: Ints) -> pa.ChunkedArray:
    """Return the values of `rows`, null for row −1, however large the column is.

    Arrow's own `take` fails beyond 2 GiB.
    """
    import pyarrow as pa

    values = combine_chunks(column)
    pieces = []
    for start in range(0, len(rows), TAKE_CHUNK_ROWS):
        some = rows[start : start + TAKE_CHUNK_ROWS]
        pieces.append(values.take(pa.array(some, mask=some < 0)).cast(column.type))
    return pa.chunked_array(pieces, column.type)


def set_column(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    """Return the table with `column` in place of the one called `name`, or appended."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def _large_type(arrow_type: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_string(arrow_type):
        return pa.large_string()
    if pa.types.is_list(arrow_type):
        return pa.large_list(_large_type(arrow_type.value_type))
    return arrow_type
