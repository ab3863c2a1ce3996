"""Group the rows of an inventory by event."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import Ints, factorize, set_column, take
from ctc.artifacts.inventory import EVENT_ID, Inventory

if TYPE_CHECKING:
    import pyarrow as pa

COUNT = "count"
"""The label with the number of animals, named as in Camtrap DP."""


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
    return first_occurrences(_combinations(inventory, rows, group, inventory.labels))


def with_largest_counts(inventory: Inventory, rows: Ints, group: Ints) -> Inventory:
    """Return the inventory where `rows` of a group that differ in `count` alone have the largest.

    That is for rows about different photos, which show the same animals one after the other.
    """
    if COUNT not in inventory.labels:
        return inventory
    others = tuple(label for label in inventory.labels if label != COUNT)
    observation = _combinations(inventory, rows, group, others)
    counts, number = factorize(inventory.table[COUNT])
    amount = np.array([*map(_leading_number, counts.to_pylist()), -1.0])[number[rows]]
    order = np.lexsort((-amount, observation))
    starts = np.diff(observation[order], prepend=-1) != 0
    source = np.arange(inventory.table.num_rows)
    source[rows[order]] = rows[order][starts][np.cumsum(starts) - 1]
    column = take(inventory.table[COUNT], source)
    return replace(inventory, table=set_column(inventory.table, COUNT, column))


def _combinations(inventory: Inventory, rows: Ints, group: Ints, labels: tuple[str, ...]) -> Ints:
    """Number the combinations of group and labels; with labels, in order of appearance."""
    import pyarrow as pa

    combination = group
    for label in labels:
        classes = factorize(inventory.table[label])[1][rows]
        pairs = combination * (classes.max(initial=-1) + 2) + classes + 1
        _, combination = factorize(pa.chunked_array([pa.array(pairs)]))
    return combination


def _leading_number(count: str) -> float:
    """Return the number that "3", "11-50" or "51+" begins with, −1 without one."""
    digits = re.match(r"\d+", count.strip())
    return float(digits[0]) if digits else -1.0
