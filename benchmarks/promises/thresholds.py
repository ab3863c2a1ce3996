"""How often the thresholds of `ctc calibrate` miss the precision that they promise.

Worlds of five classes, in which how often an answer is right is known: so the precision of a
threshold for fresh answers is counted on a large sample of the same world. A threshold is missed
where that is below the promise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import FOREIGN
from ctc.evaluation.calibration.thresholds import Answers, Goal, class_thresholds, provable_classes

CLASSES = 5
SIZES = (1_000, 3_000)
NOTICEABLE = 0.1
"""Share of thresholds from which on those that are given are counted among themselves."""
PRECISION, CONFIDENCE = 0.95, 0.95
FRESH = 200_000
SPREAD = 0.8
"""Standard deviation of the log odds of being right between cameras."""

Float = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """`right(confidence)`: how often an answer is right. `burst`: answers that are alike.

    `cameras`: whose answers differ in how often they are right; the promise is then for others.
    `foreign`: the share of answers to species that the model never learnt.
    """

    name: str
    right: Callable[[Float], Float]
    burst: int = 1
    cameras: int = 0
    foreign: float = 0.0


def _constant(share: float) -> Callable[[Float], Float]:
    return lambda confidence: np.full(len(confidence), share)


def _separating(confidence: Float) -> Float:
    return confidence


def _rising(confidence: Float) -> Float:
    return 0.92 + 0.03 * (confidence - 0.5) * 2


BASE = [
    World("confidence separates", _separating),
    World("right 0.94 everywhere", _constant(0.94)),
    World("right 0.945 everywhere", _constant(0.945)),
    World("right 0.9499 everywhere", _constant(0.9499)),
    World("rising 0.92 to 0.95", _rising),
]
WORLDS = [
    *BASE,
    World("bursts of 5, separates", _separating, burst=5),
    World("bursts of 5, right 0.94", _constant(0.94), burst=5),
    World("bursts of 5, right 0.9499", _constant(0.9499), burst=5),
    *(
        World(f"{number} cameras, {one.name}", one.right, cameras=number)
        for number in (8, 20, 100)
        for one in (BASE[0], BASE[1], BASE[3])
    ),
    World("5 % never learnt, separates", _separating, foreign=0.05),
    World("5 % never learnt, 20 cameras", _separating, cameras=20, foreign=0.05),
]


def draw(world: World, n: int, rng: np.random.Generator, fresh: bool = False) -> Answers:
    """Return `n` answers of each class; `fresh`: for the precision in truth, of many cameras."""
    total, burst = n * CLASSES, 1 if fresh else world.burst
    units = -(-total // burst)
    confidence = 0.5 + 0.5 * rng.random(units) ** 0.4
    top = rng.integers(0, CLASSES, units)
    share = np.clip(world.right(confidence), 1e-9, 1 - 1e-9)
    camera = np.full(units, -1)
    if world.cameras:
        cameras = 4_000 if fresh else world.cameras
        camera = rng.integers(0, cameras, units)
        effect = rng.normal(0, SPREAD, (cameras, CLASSES))[camera, top]
        share = 1 / (1 + np.exp(-_centred(share) - effect))
    truth = np.where(rng.random(units) < share, top, (top + 1) % CLASSES)
    truth[rng.random(units) < world.foreign] = FOREIGN
    rows = np.repeat(np.arange(units), burst)[:total]
    cluster = camera[rows] if world.cameras else rows
    return Answers(
        truth[rows].astype(np.int32),
        _probabilities(confidence[rows], top[rows]),
        cluster.astype(np.int64),
        np.arange(total, dtype=np.int32),
        camera[rows].astype(np.int64),
        np.full(total, ""),
    )


def _centred(share: Float) -> Float:
    """Return the log odds that give this share in the mean over cameras (probit approximation)."""
    return np.asarray(np.log(share / (1 - share)) * np.sqrt(1 + 0.346 * SPREAD**2))


def _probabilities(confidence: Float, top: NDArray[np.int64]) -> NDArray[np.float32]:
    values = np.repeat(((1 - confidence) / (CLASSES - 1))[:, None], CLASSES, axis=1)
    values[np.arange(len(top)), top] = confidence
    return values.astype(np.float32)


@dataclass
class Tally:
    """Thresholds that were tried, given and missed; runs with any that is missed."""

    tried: int = 0
    given: int = 0
    missed: int = 0
    runs_missed: int = 0
    accepted: float = 0.0


def study(world: World, n: int, runs: int, joint: bool = False) -> Tally:
    """Fit thresholds `runs` times, and count those that miss the precision on fresh answers."""
    rng, names = np.random.default_rng(7), [str(one) for one in range(CLASSES)]
    fresh, tally = draw(world, FRESH // CLASSES, rng, fresh=True), Tally()
    confidence = fresh.probabilities.max(axis=1)
    right = fresh.truth == fresh.top
    ranked = [
        _precision_from(confidence[fresh.top == k], right[fresh.top == k]) for k in range(CLASSES)
    ]
    scope = "new locations" if world.cameras else "same locations"
    for _ in range(runs):
        answers = draw(world, n, rng)
        goal = Goal(PRECISION, 1 - CONFIDENCE, scope)
        if joint:
            goal = Goal(PRECISION, goal.tail / max(1, provable_classes(answers, goal)), scope)
        any_missed = False
        for found, precision in zip(class_thresholds(answers, names, goal), ranked, strict=True):
            tally.tried += 1
            if found.threshold is not None:
                tally.given += 1
                tally.accepted += found.accepted / found.answers
                missed = precision(found.threshold) < PRECISION
                tally.missed += missed
                any_missed |= missed
        tally.runs_missed += any_missed
    return tally


def _precision_from(
    confidence: NDArray[np.float32], right: NDArray[np.bool_]
) -> Callable[[float], float]:
    order = np.argsort(-confidence)
    ranked, hits = -confidence[order], np.cumsum(right[order])

    def precision(threshold: float) -> float:
        n = int(np.searchsorted(ranked, -np.float32(threshold), side="right"))
        return float(hits[n - 1] / n) if n else 1.0

    return precision


def main(runs: int) -> None:
    """Print the table of all worlds."""
    print(
        "| world | answers per class | given | missed | missed of the given | accepted "
        "| runs with a miss | … with --joint |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for world in WORLDS:
        for n in SIZES:
            found, joint = study(world, n, runs), study(world, n, runs, joint=True)
            often = found.given >= NOTICEABLE * found.tried
            given = f"{found.missed / found.given:.1%}" if often else ""
            accepted = f"{found.accepted / found.given:.2f}" if found.given else ""
            print(
                f"| {world.name} | {n:,} | {found.given / found.tried:.1%} "
                f"| {found.missed / found.tried:.1%} | {given} | {accepted} "
                f"| {found.runs_missed / runs:.1%} | {joint.runs_missed / runs:.1%} |",
                flush=True,
            )
