"""How often promises are missed where few cameras are wrong, and all others are right.

A class is right at all cameras but a few, as where a look-alike species lives, or blanks look like
animals at a few cameras only. Few cameras often have none of those in the split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.calibration.thresholds import Answers, Goal, class_thresholds
from ctc.evaluation.statistics.promises import MIN_LOCATIONS
from ctc.evaluation.statistics.tail_loss import TailLoss, lowest_limit

PRECISION, LOSS, TAIL = 0.95, 0.05, 0.05
CLASSES = tuple("abcde")
RIGHT_OF_OTHERS = 0.9
LOOK_BLANK = 0.9
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """At the share `bad` of `cameras`, the share `wrong` of the answers, or animals, is lost.

    `events` per camera. `classes`: which are wrong there, `one` of five or `all`.
    """

    cameras: int
    events: int
    bad: float
    wrong: float
    classes: str = "one"


PRECISIONS = (
    World(12, 90, 0.06, 0.9),
    World(30, 40, 0.06, 0.9),
    World(60, 25, 0.06, 0.9),
    World(120, 25, 0.06, 0.9),
    World(30, 40, 0.06, 0.9, "all"),
)
BLANKS = (
    World(30, 30, 0.08, 0.7),
    World(60, 20, 0.08, 0.7),
    World(120, 20, 0.08, 0.7),
)


def misses_precision(world: World, rng: np.random.Generator) -> bool:
    """Return whether class `a`, which is right too seldom at new cameras, gets a threshold."""
    camera, is_bad = draw_cameras(world, rng)
    top = rng.integers(0, len(CLASSES), len(camera))
    first = np.where(is_bad, 1 - world.wrong, 1.0)
    others = first if world.classes == "all" else np.full(len(camera), RIGHT_OF_OTHERS)
    right = rng.random(len(camera)) < np.where(top == 0, first, others)
    probabilities = np.zeros((len(camera), len(CLASSES)), np.float32)
    probabilities[np.arange(len(camera)), top] = rng.uniform(0.5, 1, len(camera))
    truth = np.where(right, top, (top + 1) % len(CLASSES)).astype(np.int32)
    event, day = np.arange(len(camera), dtype=np.int32), np.full(len(camera), "")
    answers = Answers(truth, probabilities, camera, event, camera, day)
    found = class_thresholds(answers, CLASSES, Goal(PRECISION, TAIL, "new locations"))
    return found[0].threshold is not None


def misses_loss(world: World, rng: np.random.Generator) -> bool:
    """Return whether a limit is given that loses all animals which look blank at bad cameras."""
    camera, is_bad = draw_cameras(world, rng)
    looks_blank = is_bad & (rng.random(len(camera)) < world.wrong)
    score = np.where(looks_blank, LOOK_BLANK, 0) + rng.uniform(0, 1 - LOOK_BLANK, len(camera))
    found = lowest_limit(score, camera, LOSS, TAIL, MIN_LOCATIONS)
    return isinstance(found, TailLoss) and lost(world, found.limit) > LOSS


def lost(world: World, limit: float) -> float:
    """Return the share of the animals of new cameras whose score is above the limit."""
    share, width = world.bad * world.wrong, 1 - LOOK_BLANK
    above = [1 - min(max(limit - start, 0) / width, 1) for start in (LOOK_BLANK, 0)]
    return float(share * above[0] + (1 - share) * above[1])


def draw_cameras(world: World, rng: np.random.Generator) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the camera of each event, and whether it is a bad one."""
    camera = np.repeat(np.arange(world.cameras), rng.poisson(world.events, world.cameras))
    return camera, (rng.random(world.cameras) < world.bad)[camera]


def main(runs: int) -> None:
    """Print the table."""
    print("| what | cameras | bad | lost there | classes | missed, of all tried |")
    print("|---|---|---|---|---|---|")
    for what, misses, worlds in (
        ("precision 95 %", misses_precision, PRECISIONS),
        ("loss 5 %", misses_loss, BLANKS),
    ):
        for world in worlds:
            rng = np.random.default_rng(19)
            share = sum(misses(world, rng) for _ in range(runs)) / runs
            print(
                f"| {what} | {world.cameras} | {world.bad:.0%} | {world.wrong:.0%} | "
                f"{world.classes} | {share:.1%} |",
                flush=True,
            )
