"""Figures with the classifier's error in them: each event's species drawn many times.

A draw takes the class of each event from its probabilities. The events of one visit (those of a
unit within the time of independence) share one random number, since photos of one animal are
mistaken alike: drawn one by one, an animal between fox and dog would become both. Each event alone
is drawn with its own probabilities, whatever the visit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.ecology.records import independent_sorted
from ctc.ecology.survey import Events, Ints

MAX_DRAWS = 200
MIN_DRAWS = 20
_BUDGET = 60_000_000
"""Events times draws."""

Drawn = tuple[Ints, Ints]
"""Events and their classes, (rows,) each, by class, then by unit and time."""


@dataclass(frozen=True)
class Drawer:
    """Draws the classes of events.

    `order` (n,): the events by unit and time; `visit` (n,): the visit of each. `bounds`
    (classes, n) float32: cumulated probabilities in the order of `classes`, or of `multi_label`
    classes the probabilities themselves.
    """

    order: Ints
    visit: Ints
    visits: int
    classes: Ints
    bounds: NDArray[np.float32]
    multi_label: bool

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Return one draw: the events of each class that is not left out."""
        if self.multi_label:
            rows = [self._draw_present(number, rng) for number in range(len(self.classes))]
        else:
            rows = self._draw_one_each(rng)
        event = np.concatenate([self.order[found] for found in rows])
        sizes = [len(found) for found in rows]
        return event, np.repeat(self.classes, sizes)

    def _draw_one_each(self, rng: np.random.Generator) -> list[Ints]:
        level = rng.random(self.visits, np.float32)[self.visit]
        place = np.zeros(len(level), np.uint16)
        for bound in self.bounds[:-1]:
            place += level >= bound
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=len(self.classes)))
        return np.split(order, ends[:-1])

    def _draw_present(self, number: int, rng: np.random.Generator) -> Ints:
        level = rng.random(self.visits, np.float32)[self.visit]
        return np.flatnonzero(level < self.bounds[number])


def make_drawer(events: Events, used: Ints, unit: Ints, seconds: Ints, gap: int) -> Drawer | None:
    """Return what draws the classes of the events `used`; None if nothing is uncertain.

    `unit`, `seconds` (E,): of all events; `gap`: the time of independence in seconds.
    """
    if events.probabilities is None:
        return None
    order = used[np.lexsort((seconds[used], unit[used]))]
    first = independent_sorted(unit[order], seconds[order], gap, "last-independent")
    visit = np.cumsum(first) - 1
    visits = int(visit[-1]) + 1 if len(visit) else 0
    mass = events.probabilities.sum(axis=1)
    classes = np.argsort(-mass, kind="stable")
    bounds = np.empty((len(classes), len(order)), np.float32)
    for place, number in enumerate(classes.tolist()):
        bounds[place] = events.probabilities[number][order]
    if not events.multi_label:
        np.cumsum(bounds, axis=0, out=bounds)
        bounds /= np.maximum(bounds[-1], np.float32(1e-30))
    return Drawer(order, visit, visits, classes, bounds, events.multi_label)


def draw_count(events: int) -> int:
    """Return how many draws to make: MAX_DRAWS, fewer of millions of events."""
    return int(np.clip(_BUDGET // max(events, 1), MIN_DRAWS, MAX_DRAWS))


def draws(drawer: Drawer, count: int, seed: int) -> Iterator[Drawn]:
    """Yield draws, the same ones for the same seed."""
    for number in range(count):
        yield drawer.draw(np.random.default_rng((seed, number)))
