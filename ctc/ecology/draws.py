"""Figures with the classifier's error in them: each event's species drawn many times.

Photos of one animal are mistaken alike, and show one species: drawn event by event, an animal
between fox and dog would become both, and count twice. So the events of a unit that follow each
other within the time of independence, and may show the same species, are a *run*. A draw gives each
run one species, from the mean of its events' probabilities, weighted by how surely each shows an
animal at all; and each event that animal or none, with one random number for the whole run. So the
expected number of events of each species in a run is the sum of their probabilities.

Two events may show the same species unless the probability of that, Σ p·q over the species if they
were independent, is below MAY_BE_SAME: a certain deer and a certain fox are two runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.observation_types import observation_type
from ctc.ecology.records import independent_sorted
from ctc.ecology.survey import Bools, Events, Ints

MAX_DRAWS = 200
MIN_DRAWS = 20
MAY_BE_SAME = 0.05
_BUDGET = 60_000_000
"""Events times draws."""
_CHUNK = 1 << 18

Drawn = tuple[Ints, Ints]
"""Events and their classes, (rows,) each, by class, then by unit and time."""
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Drawer:
    """Draws the classes of events, of which at most one is right.

    `order` (n,): the events by unit and time; `run` (n,): the run of each. `shown` (n,): how surely
    each shows one of `classes` (C,). `bounds` (C, runs): their cumulated probabilities in a run.
    """

    order: Ints
    run: Ints
    shown: Floats32
    classes: Ints
    bounds: Floats32

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Return one draw: the events that show one of the classes."""
        runs = self.bounds.shape[1]
        level = rng.random(runs, np.float32)
        place = np.zeros(runs, np.uint16)
        for bound in self.bounds[:-1]:
            place += level >= bound
        luck = np.asarray(rng.random(runs, np.float32))
        there = np.flatnonzero(luck[self.run] < self.shown)
        of = place[self.run[there]]
        by_class = np.argsort(of, kind="stable")
        return self.order[there[by_class]], self.classes[of[by_class]]


@dataclass(frozen=True)
class PresenceDrawer:
    """Draws the classes of events that may have several; see `Drawer`.

    `values` (C, n): the probability of each class.
    """

    order: Ints
    run: Ints
    classes: Ints
    values: Floats32

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Return one draw: the events that show each class."""
        runs = int(self.run[-1]) + 1 if len(self.run) else 0
        rows = []
        for values in self.values:
            luck = rng.random(runs, np.float32)
            rows.append(np.flatnonzero(luck[self.run] < values))
        event = np.concatenate([self.order[found] for found in rows])
        return event, np.repeat(self.classes, [len(found) for found in rows])


def make_drawer(
    events: Events, used: Ints, unit: Ints, seconds: Ints, gap: int
) -> Drawer | PresenceDrawer | None:
    """Return what draws the classes of the events `used`; None without probabilities.

    `unit`, `seconds` (E,): of all events; `gap`: the time of independence in seconds.
    """
    classes = np.array([at for at, name in enumerate(events.classes) if _is_shown(name)], np.int64)
    if events.probabilities is None or not len(classes):
        return None
    order = used[np.lexsort((seconds[used], unit[used]))]
    starts = independent_sorted(unit[order], seconds[order], gap, "last-independent")
    values = np.empty((len(classes), len(order)), np.float32)
    for row, number in zip(values, classes, strict=True):
        np.take(events.probabilities[number], order, out=row)
    if events.multi_label:
        return PresenceDrawer(order, np.cumsum(starts) - 1, classes, values)
    total = np.maximum(_total(events, order), np.float32(1e-30))
    values /= total
    shown = np.minimum(values.sum(axis=0), np.float32(1))
    run = np.cumsum(starts | _other_species(values, shown)) - 1
    return Drawer(order, run, shown, classes, _bounds(values, run))


def draw_count(events: int) -> int:
    """Return how many draws to make: MAX_DRAWS, fewer of more than 300,000 events."""
    return int(np.clip(_BUDGET // max(events, 1), MIN_DRAWS, MAX_DRAWS))


def draws(drawer: Drawer | PresenceDrawer, count: int, seed: int) -> Iterator[Drawn]:
    """Yield draws, the same ones for the same seed."""
    for number in range(count):
        yield drawer.draw(np.random.default_rng((seed, number)))


def _is_shown(name: str) -> bool:
    return observation_type(name) not in ("blank", "unknown")


def _total(events: Events, order: Ints) -> Floats32:
    assert events.probabilities is not None
    return np.asarray(events.probabilities.sum(axis=0)[order])


def _other_species(values: Floats32, shown: Floats32) -> Bools:
    """Return which events can't be of the species of the event before them that shows one.

    `values` (C, n): probabilities of the species; `shown` (n,): their sums. Events that more
    probably show none are left out.
    """
    found = np.zeros(len(shown), bool)
    likely = np.flatnonzero(shown >= 0.5)
    for start in range(1, len(likely), _CHUNK):
        here = likely[start : start + _CHUNK]
        before = likely[start - 1 : start - 1 + len(here)]
        same = (values[:, here] * values[:, before]).sum(axis=0)
        found[here] = same < MAY_BE_SAME * shown[here] * shown[before]
    return found


def _bounds(values: Floats32, run: Ints) -> Floats32:
    """Return the cumulated probabilities of the species in each run, (C, runs)."""
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    sums = np.add.reduceat(values, starts, axis=1) if len(starts) else values
    np.cumsum(sums, axis=0, out=sums)
    sums /= np.maximum(sums[-1], np.float32(1e-30))
    return np.asarray(sums)
