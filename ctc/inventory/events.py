"""Group the rows of an inventory by event."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints, factorize, set_column, take
from ctc.artifacts.inventory import EVENT_ID, MOST_IN_A_PHOTO, Inventory

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


def with_most_in_a_photo(inventory: Inventory, rows: Ints, group: Ints, photo: Ints) -> Inventory:
    """Return the inventory with the most individuals of a species that one photo of a group shows.

    That is the column MOST_IN_A_PHOTO, of the `rows` where it is not the sum of the largest counts
    of the species' distinct observations, as where photos disagree about sexes; there is none if
    there are no such rows. The species is the first label. `group`, `photo`: their numbers.
    """
    import pyarrow as pa

    if COUNT not in inventory.labels[1:]:
        return inventory
    species, others = inventory.labels[:1], tuple(one for one in inventory.labels if one != COUNT)
    counts, number = factorize(inventory.table[COUNT])
    amount = np.array([*map(_leading_number, counts.to_pylist()), 0.0])[number[rows]].clip(0)
    of_group = _combinations(inventory, rows, group, species)
    of_photo = _combinations(inventory, rows, photo, species)
    sums = _sums_of_largest(of_group, _combinations(inventory, rows, group, others), amount)
    in_photos = _sums_of_largest(of_photo, _combinations(inventory, rows, photo, others), amount)
    most = np.zeros(len(sums))
    np.maximum.at(most, of_group, in_photos[of_photo])
    differ = (most != sums)[of_group]
    if not differ.any():
        return inventory
    values = np.zeros(inventory.table.num_rows, np.int64)
    values[rows[differ]] = most[of_group][differ]
    column = pa.chunked_array([pa.array(values, mask=values == 0)])
    return replace(inventory, table=set_column(inventory.table, MOST_IN_A_PHOTO, column))


def _sums_of_largest(
    group: Ints, observation: Ints, amount: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the sum over each group's observations of their largest amounts, (groups,)."""
    largest = np.zeros(observation.max(initial=-1) + 1)
    np.maximum.at(largest, observation, amount)
    first = first_occurrences(observation)
    return np.asarray(np.bincount(group[first], largest[observation[first]]), np.float64)


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
