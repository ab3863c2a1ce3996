"""The rows of an inventory as events."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import ROWS_AT_ONCE, Ints, numbered, put, take
from ctc.artifacts.inventory import EVENT_ID, IMAGES, Inventory

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Events:
    """Events numbered in order of appearance. `of_row`, (rows,): the event of each row; `first_row`, (events,): each event's first."""

    of_row: Ints
    first_row: Ints

    @classmethod
    def of(cls, table: pa.Table) -> Events:
        _, of_row = numbered(table[EVENT_ID])
        return cls(of_row, first_of_each(of_row))


def first_of_each(numbers: Ints) -> Ints:
    """Where each number comes first; `numbers` count up from 0 in order of appearance."""
    return np.flatnonzero(np.diff(np.maximum.accumulate(numbers), prepend=-1))


def unite_photos(inventory: Inventory) -> Inventory:
    """Give every row of an event the photos of its first row, as datasets do; rows that had others are a warning."""
    events = Events.of(inventory.table)
    images = inventory.table[IMAGES]
    first = events.first_row[events.of_row]
    later = np.flatnonzero(first < np.arange(len(first)))
    others = _differing(take(images, later), take(images, first[later]))
    if not others:
        return inventory
    log.warning(
        "%s observations named other photos than the first of their event: those of the first count", f"{others:,}"
    )
    return replace(inventory, table=put(inventory.table, IMAGES, take(images, first)))


def _differing(some: pa.ChunkedArray, others: pa.ChunkedArray) -> int:
    if some.equals(others):
        return 0
    starts = range(0, len(some), ROWS_AT_ONCE)
    pairs = ((column.slice(start, ROWS_AT_ONCE).to_pylist() for column in (some, others)) for start in starts)
    return sum(
        one != other for one_piece, other_piece in pairs for one, other in zip(one_piece, other_piece, strict=True)
    )
