"""Group the rows of an inventory by event."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import TAKE_CHUNK_ROWS, Ints, factorize, set_column, take
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EventRows:
    """Events, numbered in order of appearance.

    `event_of_row` (rows,): the event of each row. `first_row` (events,): the first row of each
    event.
    """

    event_of_row: Ints
    first_row: Ints

    @classmethod
    def from_table(cls, table: pa.Table) -> EventRows:
        """Number the events of an inventory's table."""
        _, of_row = factorize(table[EVENT_ID])
        return cls(of_row, first_occurrences(of_row))


def first_occurrences(numbers: Ints) -> Ints:
    """Return the position of each number's first occurrence.

    `numbers` are numbered from 0 in order of appearance.
    """
    return np.flatnonzero(np.diff(np.maximum.accumulate(numbers), prepend=-1))


def unify_event_photos(inventory: Inventory) -> Inventory:
    """Give every row of an event the photos of its first row, as datasets do.

    Rows that named other photos are counted in a warning.
    """
    events = EventRows.from_table(inventory.table)
    images = inventory.table[IMAGES]
    first = events.first_row[events.event_of_row]
    later = np.flatnonzero(first < np.arange(len(first)))
    others = _count_differing(take(images, later), take(images, first[later]))
    if not others:
        return inventory
    log.warning(
        "%s observations name other photos than the first of their event: those of the first "
        "are used",
        f"{others:,}",
    )
    return replace(inventory, table=set_column(inventory.table, IMAGES, take(images, first)))


def _count_differing(some: pa.ChunkedArray, others: pa.ChunkedArray) -> int:
    if some.equals(others):
        return 0
    starts = range(0, len(some), TAKE_CHUNK_ROWS)
    chunk_pairs = (
        (column.slice(start, TAKE_CHUNK_ROWS).to_pylist() for column in (some, others))
        for start in starts
    )
    return sum(
        one != other
        for one_chunk, other_chunk in chunk_pairs
        for one, other in zip(one_chunk, other_chunk, strict=True)
    )
