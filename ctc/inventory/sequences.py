"""Photos of one trigger, which a camera numbers: 1 of 3, 2 of 3, 3 of 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints, factorize, take
from ctc.errors import InputError
from ctc.images.bursts import NO_LOCATION
from ctc.inventory.metadata.camera_columns import (
    SEQUENCE,
    SEQUENCE_LENGTH,
    SERIAL,
    TRIGGER_NUMBER,
)

if TYPE_CHECKING:
    import pyarrow as pa

MAX_SECONDS = 3600
"""Between two photos of a trigger; cameras begin to count triggers anew after a while."""
_UNKNOWN = 0


@dataclass(frozen=True)
class Sequences:
    """What cameras number, a value per photo, all (n,).

    `number`: place of the photo among those of its trigger, from 1; 0 if it is not known. `length`,
    `trigger`: 0 if not known. `camera`: a number per serial number, −1 if it is not known.
    """

    number: Ints
    length: Ints
    trigger: Ints
    camera: Ints

    @classmethod
    def from_table(cls, table: pa.Table, rows: Ints) -> Self:
        """Return the numbers of these rows, all unknown without the columns of camera data."""
        return cls(
            _integers(table, SEQUENCE, rows),
            _integers(table, SEQUENCE_LENGTH, rows),
            _integers(table, TRIGGER_NUMBER, rows),
            factorize(take(table[SERIAL], rows))[1]
            if SERIAL in table.column_names
            else np.full(len(rows), -1),
        )

    def check(self) -> None:
        """Raise InputError if no photo has a number."""
        if not self.number.any():
            raise InputError(
                "--events-by-sequence: no photo tells which of its trigger it is, as those of"
                " Reconyx do: use --events-within SECONDS"
            )


def sequence_ids(
    locations: Ints,
    times: NDArray[np.datetime64],
    sequences: Sequences,
    max_gap: np.timedelta64 | None,
) -> Ints:
    """Return the number of each photo's event, (n,), ascending by location and time.

    A photo joins the one before it, of the same location and camera, if it has a higher number in a
    sequence of the same trigger and length, at most an hour later. Of photos without a number, it
    does if it was taken at most `max_gap` later; None: never. `locations` and `times`: as for
    `burst_ids`.
    """
    keys = (sequences.number, sequences.trigger, times, sequences.camera, locations)
    order = np.lexsort(keys)
    time, alone = times[order], (locations[order] == NO_LOCATION) | np.isnat(times[order])
    fields = (locations, sequences.camera, sequences.trigger, sequences.length)
    place, camera, trigger, length = (_is_equal(values[order]) for values in fields)
    number = sequences.number[order]
    numbered = number != _UNKNOWN
    gap = np.diff(time)
    follows = numbered[1:] & (number[1:] > number[:-1]) & numbered[:-1] & trigger & length
    joins = follows & (gap <= np.timedelta64(MAX_SECONDS, "s"))
    if max_gap is not None:
        joins |= ~numbered[1:] & ~numbered[:-1] & (gap <= max_gap)
    joins &= place & camera & ~alone[1:] & ~alone[:-1]
    ids = np.empty(len(order), np.int64)
    ids[order] = np.cumsum(np.r_[True, ~joins][: len(order)]) - 1
    return ids


def _is_equal(values: Ints) -> NDArray[np.bool_]:
    """Return whether each value but the first equals the one before it."""
    return np.asarray(values[1:] == values[:-1])


def _integers(table: pa.Table, name: str, rows: Ints) -> Ints:
    import pandas as pd

    if name not in table.column_names:
        return np.zeros(len(rows), np.int64)
    values = pd.to_numeric(take(table[name], rows).to_pandas(), errors="coerce")
    return np.asarray(values.fillna(_UNKNOWN).astype(np.int64).to_numpy())
