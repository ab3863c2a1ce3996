"""Counts of records of each draw of the classifier's answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.ecology.activity.band import draw_stations
from ctc.ecology.activity.density import MINUTES
from ctc.ecology.config import SummaryConfig
from ctc.ecology.draws import draw_count, draws, make_drawer
from ctc.ecology.histories import Occasions, occasion_of
from ctc.ecology.survey import Answers, Floats, Ints, Survey
from ctc.ecology.tally import Records, Space, Tally, minute_of, sorted_records, tally

_CURVES = 200
"""Draws of stations in all, at least."""


@dataclass(frozen=True)
class DrawnCounts:
    """Counts of D draws.

    `presence` (S, U, T): in which share of the draws a species was seen at a unit in an occasion.
    `minutes` (D, told, MINUTES): records by minute of the day of the species whose activity is
    told; `minutes_elsewhere` (times, told, MINUTES): the same of stations drawn anew.
    """

    counts: Tally
    presence: Floats
    minutes: NDArray[np.int32]
    minutes_elsewhere: NDArray[np.int32]


def count_draws(
    survey: Survey,
    config: SummaryConfig,
    space: Space,
    species: tuple[str, ...],
    used: Ints,
    occasions: Occasions,
    active: Ints,
    told: Ints,
) -> DrawnCounts | None:
    """Return the counts of all draws of the events `used`; None without probabilities.

    `active`: the units with effort; `told`: the species whose activity is told.
    """
    drawer = make_drawer(survey.events, used, space.unit, space.seconds, space.gap)
    if drawer is None or config.draws == 0:
        return None
    count = draw_count(len(used)) if config.draws is None else config.draws
    number = {name: at for at, name in enumerate(species)}
    codes = np.array([number.get(name, -1) for name in survey.events.classes], np.int64)
    presence = np.zeros(space.species * space.units * len(occasions.starts), np.float32)
    stations = _Stations(active, -(-_CURVES // count), np.random.default_rng(config.seed))
    tallies, minutes, elsewhere = [], [], []
    sizes = GroupSizes(survey.answers, len(survey.events), species)
    for records in _records(space, codes, sizes, draws(drawer, count, config.seed)):
        tallies.append(tally(space, records))
        by_minute, *others = _minutes(space, records, told, stations)
        minutes.append(by_minute)
        elsewhere += others
        seen = np.zeros(len(presence), bool)
        seen[_cells(space, occasions, records)] = True
        presence += seen
    counts = Tally(
        np.concatenate([one.records for one in tallies]),
        np.concatenate([one.individuals for one in tallies]),
    )
    shape = (space.species, space.units, len(occasions.starts))
    share = presence.reshape(shape) / count
    return DrawnCounts(counts, share, np.stack(minutes), np.stack(elsewhere))


def _records(
    space: Space, codes: Ints, sizes: GroupSizes, drawn: Iterator[tuple[Ints, Ints]]
) -> Iterator[Records]:
    for event, classes in drawn:
        kept = codes[classes] >= 0
        event, of = event[kept], codes[classes[kept]]
        yield sorted_records(space, event, of, sizes.of(event, of))


class GroupSizes:
    """The group sizes of drawn species: that of the hard answer where it is the same species.

    Any other species has the largest of its event, since it is taken for one that was there.
    """

    def __init__(self, answers: Answers, events: int, species: tuple[str, ...]) -> None:
        self._largest = np.ones(events, np.int64)
        np.maximum.at(self._largest, answers.event, answers.count)
        self._species = len(species)
        number = {name: at for at, name in enumerate(species)}
        codes = np.array([number.get(name, -1) for name in answers.names], np.int64)
        of = codes[answers.species] if len(codes) else answers.species
        differ = np.zeros(events, bool)
        differ[answers.event[answers.count < self._largest[answers.event]]] = True
        rows = np.flatnonzero((of >= 0) & differ[answers.event])
        key, count = answers.event[rows] * len(species) + of[rows], answers.count[rows]
        self._keys, place = np.unique(key, return_inverse=True)
        self._counts = np.ones(len(self._keys), np.int64)
        np.maximum.at(self._counts, place.ravel(), count)

    def of(self, event: Ints, species: Ints) -> Ints:
        """Return the group size of each drawn species, (rows,)."""
        found = self._largest[event]
        if not len(self._keys):
            return found
        key = event * self._species + species
        at = np.minimum(np.searchsorted(self._keys, key), len(self._keys) - 1)
        return np.where(self._keys[at] == key, self._counts[at], found)


def _cells(space: Space, occasions: Occasions, records: Records) -> Ints:
    occasion = occasion_of(occasions, space.seconds[records.event])
    cell = (records.species * space.units + records.unit) * len(occasions.starts) + occasion
    return np.asarray(cell)


class _Stations(NamedTuple):
    """How stations are drawn: `active` ones, this many times for each draw of the answers."""

    active: Ints
    times: int
    rng: np.random.Generator


def _minutes(
    space: Space, records: Records, told: Ints, stations: _Stations
) -> Iterator[NDArray[np.int32]]:
    """Yield records by species and minute, (told, MINUTES): of all stations, then of drawn ones."""
    place = np.full(space.species, -1)
    place[told] = np.arange(len(told))
    own = np.flatnonzero(place[records.species] >= 0)
    unit = records.unit[own]
    cell = place[records.species[own]] * MINUTES + minute_of(space, records.event[own])
    often = np.ones(space.units, np.int64)
    yield _histogram(cell, often[unit], len(told))
    for row in draw_stations(len(stations.active), stations.times, stations.rng):
        often[stations.active] = row
        yield _histogram(cell, often[unit], len(told))


def _histogram(cell: Ints, often: Ints, rows: int) -> NDArray[np.int32]:
    return np.bincount(cell, often, rows * MINUTES).reshape(rows, MINUTES).astype(np.int32)
