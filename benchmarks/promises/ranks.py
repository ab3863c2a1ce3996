"""How often the thresholds of ranks miss the accuracy that they promise.

A world of 8 animals in a tree of genera and families, and of blanks. A network that confuses
relatives sees each event as the mean of its class, which shares parts with those of its genus and
family, plus noise; its probabilities are the exact ones for such noise. Cameras add a shift of
their own to all that they see, bursts repeat an answer, foreign events are of genera that the
network never learnt, in families that it knows, and wrong labels cap how often any answer is right.
A threshold is missed where fewer of the answers at its rank are right than promised, counted on a
large sample from other cameras.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.taxonomy import Taxonomy, animal_lineages
from ctc.evaluation.calibration.ranks import RankEvidence, accepted_classes, rank_thresholds
from ctc.evaluation.calibration.thresholds import Answers, Goal, class_thresholds
from ctc.inference.decisions.ranks import rank_groups

PRECISION, CONFIDENCE = 0.95, 0.95
FRESH, FRESH_CAMERAS = 40_000, 2_000
OWN, GENUS, FAMILY, ANIMAL = 1.4, 1.4, 1.6, 2.4
"""How far apart classes, genera, families and blanks are, in deviations of the noise."""
CLASSES = (*(f"animal {number}" for number in range(8)), "blank")
STRANGERS = ("stranger 0", "stranger 1")
TAXONOMY: Taxonomy = {
    name: {"family": f"Family {number // 4}", "genus": f"Genus {number // 2}"}
    for number, name in enumerate(CLASSES[:8])
} | {name: {"family": f"Family {n}", "genus": f"Other {n}"} for n, name in enumerate(STRANGERS)}
RANKS = ("genus", "family", "kingdom")


@dataclass(frozen=True)
class World:
    """`burst`: answers that are alike; `cameras`: whose photos differ by `shift`; `foreign`: the
    share of events of classes that the network never learnt; `wrong`: the share of events whose
    label is that of any animal of the other family."""

    name: str
    cameras: int = 0
    burst: int = 1
    shift: float = 0.6
    foreign: float = 0.0
    wrong: float = 0.0


WORLDS = (
    World("independent events"),
    World("5.5 % wrong labels", wrong=0.055),
    World("bursts of 5", burst=5),
    World("bursts of 5, 5.5 % wrong labels", burst=5, wrong=0.055),
    World("8 cameras", cameras=8),
    World("20 cameras", cameras=20),
    World("20 cameras, bursts of 5", cameras=20, burst=5),
    World("20 cameras that differ much", cameras=20, shift=1.0),
    World("100 cameras", cameras=100),
    World("100 cameras that differ much", cameras=100, shift=1.0),
    World("20 cameras, 5 % never learnt", cameras=20, foreign=0.05),
    World("20 cameras, 5.5 % wrong labels", cameras=20, wrong=0.055),
)


def means() -> NDArray[np.float64]:
    """Return the mean of each of the 9 classes and of the 2 strangers, (11, features)."""
    animals = np.hstack(
        [
            OWN * np.eye(8),
            GENUS * np.eye(4)[np.arange(8) // 2],
            FAMILY * np.eye(2)[np.arange(8) // 4],
            ANIMAL * np.ones((8, 1)),
        ]
    )
    blank = np.zeros((1, animals.shape[1]))
    strangers = np.hstack([np.zeros((2, 12)), FAMILY * np.eye(2), ANIMAL * np.ones((2, 1))])
    return np.vstack([animals, blank, strangers])


def draw(world: World, n: int, cameras: int, rng: np.random.Generator) -> RankEvidence:
    """Return `n` events of a world, of `cameras` cameras; with 0, bursts are the clusters."""
    centres, units = means(), -(-n // world.burst)
    number = rng.integers(0, len(CLASSES), units)
    foreign = rng.random(units) < world.foreign
    number = np.where(foreign, len(CLASSES) + rng.integers(0, 2, units), number)
    seen = centres[number] + rng.normal(size=(units, centres.shape[1]))
    camera = rng.integers(0, cameras, units) if cameras else np.arange(units)
    if cameras:
        seen += rng.normal(0, world.shift, (cameras, centres.shape[1]))[camera]
    known = centres[: len(CLASSES)]
    scores = seen @ known.T - (known**2).sum(axis=1) / 2
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    wrong = (rng.random(units) < world.wrong) & (number < 8)
    other = 4 * (1 - number // 4) + rng.integers(0, 4, units)
    number = np.where(wrong, other, number)
    rows = np.repeat(np.arange(units), world.burst)[:n]
    names = (*CLASSES, *STRANGERS)
    return RankEvidence(
        tuple(names[one] for one in number[rows].tolist()),
        (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)[rows],
        camera[rows].astype(np.int64),
        np.arange(n, dtype=np.int64),
        camera[rows].astype(np.int64) if cameras else np.full(n, -1),
        np.full(n, ""),
    )


def class_limits(evidence: RankEvidence, goal: Goal) -> dict[str, float | None]:
    """Return the thresholds of classes, as `ctc calibrate` fits them first."""
    numbers = {name: number for number, name in enumerate(CLASSES)}
    truth = np.array([numbers.get(name, -2) for name in evidence.truth], np.int32)
    answers = Answers(
        truth,
        evidence.probabilities,
        evidence.cluster,
        evidence.event.astype(np.int32),
        evidence.location,
        evidence.day,
    )
    return {one.name: one.threshold for one in class_thresholds(answers, CLASSES, goal)}


class FreshAnswers:
    """A large sample of a world: at each rank the best taxon, its probability, and whether it is
    right."""

    def __init__(self, evidence: RankEvidence) -> None:
        self.evidence = evidence
        known = animal_lineages(TAXONOMY)
        self.ranks = {}
        for groups in rank_groups(CLASSES, TAXONOMY):
            best, score = groups.best(evidence.probabilities)
            names = np.array([(one or {}).get(groups.rank, "") for one in groups.taxa])
            truth = np.array([known.get(name, {}).get(groups.rank, "-") for name in evidence.truth])
            self.ranks[groups.rank] = np.where(best < 0, -1, score), names[best] == truth

    def answered(
        self, limits: dict[str, float | None], ranks: dict[str, float | None]
    ) -> Iterator[tuple[str, int, float]]:
        """Yield the rank, the number of its answers and the share that is right, classes as ''."""
        probabilities = self.evidence.probabilities
        taken = accepted_classes(probabilities, CLASSES, limits)
        right = np.array([CLASSES[one] for one in probabilities.argmax(axis=1).tolist()])
        hits = right == np.array(self.evidence.truth)
        yield "", int(taken.sum()), float(hits[taken].mean()) if taken.any() else 1.0
        for rank, (score, correct) in self.ranks.items():
            limit = ranks.get(rank)
            if limit is not None:
                here = ~taken & (score >= np.float32(limit))
                yield rank, int(here.sum()), float(correct[here].mean()) if here.any() else 1.0
                taken = taken | here


@dataclass
class Tally:
    """By rank, thresholds that were given and missed; the mean shares of fresh events that classes
    and all ranks answer."""

    given: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    by_class: float = 0.0
    by_rank: float = 0.0
    worst: float = 0.0


def study(world: World, n: int, runs: int, seed: int = 19) -> Tally:
    """Fit thresholds `runs` times to `n` events, and count those that miss their precision."""
    rng, tally = np.random.default_rng(seed), Tally()
    cameras = FRESH_CAMERAS if world.cameras else 0
    fresh = FreshAnswers(draw(replace(world, burst=1), FRESH, cameras, rng))
    goal = Goal(PRECISION, 1 - CONFIDENCE, "new locations" if world.cameras else "same locations")
    for _ in range(runs):
        evidence = draw(world, n, world.cameras, rng)
        limits = class_limits(evidence, goal)
        found = rank_thresholds(evidence, CLASSES, TAXONOMY, limits, goal)
        for rank, count, share in fresh.answered(limits, {o.name: o.threshold for o in found}):
            tally.by_class += 0 if rank else count / FRESH / runs
            tally.by_rank += count / FRESH / runs
            if rank:
                tally.given[rank] += 1
                tally.missed[rank] += share < PRECISION
                tally.worst = max(tally.worst, PRECISION - share)
    return tally


def main(runs: int, sizes: Sequence[int] = (1_000, 3_000)) -> None:
    """Print a table of all worlds; `missed` is the share of all thresholds that were tried for."""
    head = (
        "world",
        "events",
        "missed",
        *(f"{rank}: missed/given" for rank in RANKS),
        "worst",
        "classes answer",
        "with ranks",
    )
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for world in WORLDS:
        for n in sizes:
            tally = study(world, n, runs)
            missed = sum(tally.missed.values()) / runs / len(RANKS)
            cells = [f"{tally.missed[rank]}/{tally.given[rank]}" for rank in RANKS]
            print(
                f"| {world.name} | {n:,} | {missed:.1%} | "
                f"{' | '.join(cells)} | {tally.worst:.3f} | {tally.by_class:.0%} | "
                f"{tally.by_rank:.0%} |",
                flush=True,
            )
