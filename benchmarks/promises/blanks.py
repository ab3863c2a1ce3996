"""How often more events with animals are dropped as blank than promised.

The blank score of an event with an animal is that of its camera plus noise; cameras differ by
`differ` deviations of the noise, in some worlds with heavy tails, and bursts repeat a score. The
share that is lost is that of other cameras, computed exactly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.statistics.promises import MIN_LOCATIONS
from ctc.evaluation.statistics.tail_loss import TailLoss, lowest_limit

LOSS, TAIL = 0.02, 0.05
FRESH_CAMERAS = 20_000
BURST_NOISE = 0.2
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """`cameras`: 0 for independent events."""

    name: str
    events: int
    cameras: int = 0
    differ: float = 0.0
    burst: int = 1
    heavy: bool = False
    loss: float = LOSS


WORLDS = (
    World("independent events", 200),
    World("independent events", 1_000),
    World("independent events", 10_000),
    World("bursts of 5", 2_000, burst=5),
    World("8 cameras", 3_000, 8, 0.3),
    World("20 cameras", 1_000, 20, 0.3),
    World("20 cameras that differ", 3_000, 20, 0.5),
    World("20 cameras that differ much", 3_000, 20, 1.0),
    World("50 cameras that differ", 3_000, 50, 0.5),
    World("100 cameras that differ", 2_000, 100, 0.5),
    World("100 cameras that differ much", 5_000, 100, 1.0),
    World("100 cameras, bursts of 5", 5_000, 100, 0.5, burst=5),
    World("20 cameras, heavy tails", 3_000, 20, 0.5, heavy=True),
    World("100 cameras, heavy tails", 5_000, 100, 0.5, heavy=True),
    World("20 cameras, 5 % may be lost", 3_000, 20, 0.5, loss=0.05),
    World("8 cameras, 10 % may be lost", 3_000, 8, 0.5, loss=0.1),
)


def camera_scores(world: World, cameras: int, rng: np.random.Generator) -> Floats:
    """Return the mean score of each camera."""
    drawn = rng.standard_t(3, cameras) / np.sqrt(3) if world.heavy else rng.normal(0, 1, cameras)
    return world.differ * drawn


def study(world: World, runs: int, seed: int = 19) -> tuple[Counter[str], list[float]]:
    """Return how often a limit was refused, by reason, and the share lost with each given one."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    why: Counter[str] = Counter()
    lost = []
    spread = np.hypot(1, BURST_NOISE) if world.burst > 1 else 1.0
    for _ in range(runs):
        number = world.events // world.burst
        cameras = world.cameras or number
        size = rng.gamma(1, 1, cameras) + 0.1
        camera = (
            rng.choice(cameras, number, p=size / size.sum()) if world.cameras else np.arange(number)
        )
        score = camera_scores(world, cameras, rng)[camera] + rng.normal(0, 1, number)
        rows = np.repeat(np.arange(number), world.burst)
        if world.burst > 1:
            score = score[rows] + rng.normal(0, BURST_NOISE, len(rows))
        least = MIN_LOCATIONS if world.cameras else 2
        found = lowest_limit(score, camera[rows], world.loss, TAIL, least)
        if isinstance(found, TailLoss):
            fresh = camera_scores(world, FRESH_CAMERAS, rng)
            lost.append(float(norm.sf((found.limit - fresh) / spread).mean()))
        else:
            why[found] += 1
    return why, lost


def main(runs: int) -> None:
    """Print a table of all worlds; `missed`: the share of the given limits that lose too much."""
    head = ("world", "events", "may be lost", "given", "missed", "lost on average")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for world in WORLDS:
        _, lost = study(world, runs)
        missed = f"{np.mean(np.array(lost) > world.loss):.1%}" if lost else ""
        mean = f"{np.mean(lost):.2%}" if lost else ""
        print(
            f"| {world.name} | {world.events:,} | {world.loss:.0%} | {len(lost) / runs:.0%} | "
            f"{missed} | {mean} |",
            flush=True,
        )
