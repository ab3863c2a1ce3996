"""How often prediction sets hold the truth at places that they were not fitted at.

Classes with a long tail, each camera with frequencies of its own; a camera adds a shift to the
score of each class and sees all animals better or worse than others. Sets are fitted to the events
of some cameras; coverage is that of events of 60 others. Compared are the sets that ctc fits; the
same without the correction for clusters; one limit for all classes with equal weights of locations
(Lee, Barber & Willett 2023, https://arxiv.org/abs/2306.06342); and the score of APS (Romano et al.
2020, https://arxiv.org/abs/2006.02544) in place of 1 − p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.conformal import ClassScores, SetLimits, set_limits

LEVELS = (0.8, 0.9, 0.95)
FRESH_CAMERAS, FRESH = 60, 3_000
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """`differ`: how much cameras do, in deviations of the noise; `mix`: how alike their frequencies
    of classes are; `foreign`: the share of events of classes that the network never learnt."""

    name: str
    cameras: int
    events: int
    classes: int = 8
    differ: float = 1.0
    mix: float = 1.0
    burst: int = 1
    foreign: float = 0.0


WORLDS = (
    World("8 cameras", 8, 3_000),
    World("20 cameras", 20, 300),
    World("20 cameras", 20, 1_000),
    World("20 cameras, all alike", 20, 1_000, differ=0.0),
    World("100 cameras", 100, 2_000),
    World("40 cameras, bursts of 5", 40, 2_000, burst=5),
    World("40 cameras that differ much", 40, 3_000, differ=2.0, mix=0.2),
    World("15 cameras, 20 classes", 15, 1_500, classes=20),
    World("40 cameras, 3 % never learnt", 40, 2_000, foreign=0.03),
)


@dataclass(frozen=True)
class Events:
    """Probabilities (N, classes), the truth (N,), −1 if it was never learnt, and cameras (N,)."""

    values: Floats
    truth: Ints
    camera: Ints

    @property
    def own(self) -> Floats:
        """The probability of each event's truth, of those that were learnt."""
        known = self.truth >= 0
        return self.values[known, self.truth[known]]

    @property
    def scores(self) -> ClassScores:
        """What sets are fitted to."""
        known = self.truth >= 0
        return ClassScores(self.truth[known], self.own, self.camera[known])


def draw(world: World, cameras: int, count: int, rng: np.random.Generator) -> Events:
    """Return events of new cameras."""
    tail = 1 / np.arange(1, world.classes + 1)
    size = rng.gamma(1, 1, cameras) + 0.1
    camera = rng.choice(cameras, count // world.burst, p=size / size.sum())
    shares = rng.dirichlet(tail / tail.sum() * world.mix * world.classes, cameras)
    drawn = (rng.random(len(camera))[:, None] > shares.cumsum(axis=1)[camera]).sum(axis=1)
    truth = drawn.clip(0, world.classes - 1)
    logits = rng.normal(0, world.differ, (cameras, world.classes))[camera]
    logits = logits + rng.normal(0, 1, logits.shape)
    foreign = rng.random(len(camera)) < world.foreign
    sight = 3 + rng.normal(0, world.differ / 2, cameras)[camera]
    logits[np.arange(len(camera)), truth] += np.where(foreign, 0, sight)
    rows = np.repeat(np.arange(len(camera)), world.burst)
    logits = 1.5 * (logits[rows] + rng.normal(0, 0.3, (len(rows), world.classes)))
    values = np.exp(logits - logits.max(axis=1, keepdims=True))
    values /= values.sum(axis=1, keepdims=True)
    return Events(values, np.where(foreign, -1, truth)[rows], camera[rows])


def held(events: Events, inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how often the truth is in the set, and the mean size of sets."""
    empty = ~inside.any(axis=1)
    inside = inside.copy()
    inside[empty, events.values[empty].argmax(axis=1)] = True
    hit = inside[np.arange(len(inside)), events.truth] & (events.truth >= 0)
    return float(hit.mean()), float(inside.sum(axis=1).mean())


def by_limits(limits: SetLimits | None, events: Events) -> tuple[float, float] | None:
    """Return coverage and size of the sets of these limits, None without any."""
    if limits is None:
        return None
    classes = range(events.values.shape[1])
    lowest = np.array([limits.own.get(one, limits.others) for one in classes])
    return held(events, events.values >= lowest)


Way = Callable[[Events, Events, float], tuple[float, float] | None]


def ctc_sets(fitted: Events, fresh: Events, level: float) -> tuple[float, float] | None:
    """Return what ctc's sets are worth."""
    asked = level * len(fitted.truth) / len(fitted.own)
    return by_limits(set_limits(fitted.scores, fitted.values.shape[1], asked), fresh)


def as_independent(fitted: Events, fresh: Events, level: float) -> tuple[float, float] | None:
    """Return the same with each event a cluster of its own."""
    own = fitted.scores
    alone = ClassScores(own.truth, own.probability, np.arange(len(own.truth)))
    asked = level * len(fitted.truth) / len(fitted.own)
    return by_limits(set_limits(alone, fitted.values.shape[1], asked), fresh)


def by_location(fitted: Events, fresh: Events, level: float) -> tuple[float, float] | None:
    """Return one limit for all classes, each location with the same weight and one more at ∞."""
    _, number, count = np.unique(fitted.camera, return_inverse=True, return_counts=True)
    weight = 1 / ((len(count) + 1) * count[number])
    known = fitted.truth >= 0
    order = np.argsort(-fitted.own)
    reached = np.searchsorted(weight[known][order].cumsum(), level - 1e-12)
    if reached >= len(order):
        return None
    return held(fresh, fresh.values >= fitted.own[order][reached])


def adaptive(fitted: Events, fresh: Events, level: float) -> tuple[float, float] | None:
    """Return one limit on the summed probability of classes, the most probable first (APS)."""
    known = fitted.truth >= 0
    sums = _summed(fitted.values)[known, fitted.truth[known]]
    rank = int(np.ceil(level * (len(fitted.truth) + 1)))
    if rank > len(sums):
        return None
    return held(fresh, _summed(fresh.values) <= np.sort(sums)[rank - 1])


def _summed(values: Floats) -> Floats:
    """Return per class the probability of all that are at least as probable."""
    order = np.argsort(-values, axis=1)
    found = np.empty_like(values)
    np.put_along_axis(
        found, order, np.take_along_axis(values, order, axis=1).cumsum(axis=1), axis=1
    )
    return found


WAYS: dict[str, Way] = {
    "ctc": ctc_sets,
    "as if independent": as_independent,
    "per location": by_location,
    "APS": adaptive,
}


def main(runs: int) -> None:
    """Print coverage and mean size of sets for each world, level and way."""
    head = ("world", "events", "P", *WAYS)
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for world in WORLDS:
        for level in LEVELS:
            cells = _cells(world, level, runs)
            print(
                f"| {world.name} | {world.events:,} | {level} | {' | '.join(cells)} |", flush=True
            )


def _cells(world: World, level: float, runs: int) -> list[str]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for run in range(runs):
        rng = np.random.default_rng(run)
        fitted = draw(world, world.cameras, world.events, rng)
        fresh = draw(world, FRESH_CAMERAS, FRESH, rng)
        for name, way in WAYS.items():
            one = way(fitted, fresh, level)
            found[name] += [] if one is None else [one]
    return [
        "none" if not rows else f"{np.mean(rows, axis=0)[0]:.3f} ({np.mean(rows, axis=0)[1]:.2f})"
        for rows in found.values()
    ]
