"""Counts of records by species and unit: of the hard answers, and of each draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.ecology.activity.density import MINUTES
from ctc.ecology.records import Rule, group_maximum, independent_sorted
from ctc.ecology.survey import Ints


@dataclass(frozen=True)
class Records:
    """R independent records, sorted by species, unit and time.

    `event`, `last`: numbers of the first and the last event. `individuals`: the largest group until
    the next record. `events`: how many events are in it.
    """

    species: Ints
    unit: Ints
    event: Ints
    last: Ints
    individuals: Ints
    events: Ints

    def __len__(self) -> int:
        return len(self.event)

    def of(self, species: int) -> slice:
        """Return the places of the records of a species."""
        low, high = np.searchsorted(self.species, [species, species + 1])
        return slice(int(low), int(high))


@dataclass(frozen=True)
class Space:
    """What records are counted in: events with their units, times and group sizes.

    `unit`, `seconds`, `count` (E,): of all events.
    """

    unit: Ints
    seconds: Ints
    units: int
    species: int
    gap: int
    rule: Rule


@dataclass(frozen=True)
class Tally:
    """Sums over D draws, (D, species, U); hard answers are one draw."""

    records: NDArray[np.int32]
    individuals: NDArray[np.int32]


def find_records(space: Space, event: Ints, species: Ints, count: Ints) -> Records:
    """Return the independent records among answers.

    `event`, `species`, `count` (rows,): event numbers, species and individuals of each.
    """
    seconds, unit = space.seconds[event], space.unit[event]
    group = species * space.units + unit
    order = np.lexsort((seconds, group))
    return sorted_records(space, event[order], species[order], count[order])


def sorted_records(space: Space, event: Ints, species: Ints, count: Ints) -> Records:
    """Return `find_records` of answers that are sorted by species, unit and time."""
    unit = space.unit[event]
    group = species * space.units + unit
    kept = independent_sorted(group, space.seconds[event], space.gap, space.rule)
    starts = np.flatnonzero(kept)
    ends = np.append(starts[1:], len(kept))[: len(starts)]
    return Records(
        species[starts],
        unit[starts],
        event[starts],
        event[ends - 1],
        group_maximum(kept, count),
        ends - starts,
    )


def tally(space: Space, records: Records) -> Tally:
    """Count the records of one draw."""
    shape = (1, space.species, space.units)
    cell = records.species * space.units + records.unit
    cells = space.species * space.units
    return Tally(
        np.bincount(cell, minlength=cells).reshape(shape).astype(np.int32),
        np.bincount(cell, records.individuals, cells).reshape(shape).astype(np.int32),
    )


def minute_of(space: Space, event: Ints) -> Ints:
    """Return the minute of the day of each event."""
    return np.asarray(np.round(space.seconds[event] % 86_400 / 60).astype(np.int64) % MINUTES)
