"""Group the rows of an inventory by event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import Ints, factorize
from ctc.artifacts.inventory import EVENT_ID, Inventory

if TYPE_CHECKING:
    import pyarrow as pa


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


def first_distinct(inventory: Inventory, rows: Ints, group: Ints) -> Ints:
    """Return the positions in `rows` of the first row of each combination of group and labels.

    `group`: the number of each row's group.
    """
    import pyarrow as pa

    combination = group
    for label in inventory.labels:
        classes = factorize(inventory.table[label])[1][rows]
        pairs = combination * (classes.max(initial=-1) + 2) + classes + 1
        _, combination = factorize(pa.chunked_array([pa.array(pairs)]))
    return first_occurrences(combination)
