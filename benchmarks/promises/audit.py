"""How often an audit shows a promise that does not hold, with a look after each answer.

The season of each world falls just short of its promise: one event fewer is right, or one animal
more is lost, than may be. Its events are drawn at random until all are, or DRAWS, and the claim
counts as missed if it was ever shown, for all events or from a threshold. Which events are alike
does not matter, since each draw is at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.review.claims import Claim
from ctc.review.proof.animals_lost import animals_lost_claim
from ctc.review.proof.precision import precision_claim
from ctc.review.proof.season import Drawn, Group, Season
from ctc.review.proof.sequence import Capital
from ctc.review.proof.strata import THRESHOLDS
from ctc.review.proof.targets import Targets

DRAWS = 1_000
FIRST_LOOK = 20
"""Draws after which the test that is made for one look is first looked at."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """`events` are called one class, or empty; `right` is the promised share of them.

    `kept`: events of other answers, of which 95 % have an animal; 0 for a claim of precision.
    `by_threshold`: the events from each threshold fall just short as well.
    """

    name: str
    events: int
    right: float = 0.95
    kept: int = 0
    lost: float = 0.02
    by_threshold: bool = False


WORLDS = (
    World("precision", 100),
    World("precision", 1_000),
    World("precision", 20_000),
    World("precision 99 %", 20_000, 0.99),
    World("precision, from any threshold", 2_000, by_threshold=True),
    World("precision, from any threshold", 20_000, by_threshold=True),
    World("animals lost", 500, kept=500, lost=0.05),
    World("animals lost", 2_000, kept=2_000),
    World("animals lost", 20_000, kept=5_000, lost=0.1),
)


def simulate(world: World, rng: np.random.Generator) -> tuple[Claim, Bools]:
    """Return the claim after all draws of one run, and whether each drawn event was right."""
    targets = Targets(precision=world.right, animals_lost=world.lost)
    levels, right = _season(world)
    order = _drawn(len(levels), rng)
    answered = _answers(levels, right, order, is_blank=world.kept > 0)
    groups = _groups(levels, len(order), is_blank=world.kept > 0)
    if not world.kept:
        season = Season("species", ("fox",), groups, answered)
        return precision_claim(season, "fox", targets), right[order]
    animals = np.arange(world.kept) < round(0.95 * world.kept)
    others = _drawn(world.kept, rng)
    none = np.zeros(world.kept, np.int64)
    season = Season(
        "species",
        ("fox", "empty"),
        (*groups, *_groups(none, len(others), is_blank=False)),
        (*answered, *_answers(none, animals, others, is_blank=False)),
    )
    claim = animals_lost_claim(season, targets)
    assert claim is not None
    return claim, right[order]


def _season(world: World) -> tuple[NDArray[np.int64], Bools]:
    """Return how many thresholds each event reaches, and whether it is right (or empty)."""
    events = np.arange(world.events)
    if world.kept:
        allowed = np.floor(round(0.95 * world.kept) * world.lost / (1 - world.lost) + 1e-9)
        right = events > allowed
    else:
        right = events < np.ceil(world.right * world.events - 1e-9) - 1
    levels = np.zeros(world.events, np.int64)
    if world.by_threshold:
        levels = events * (len(THRESHOLDS) + 1) // world.events
        right = np.zeros(world.events, bool)
        for level in range(len(THRESHOLDS), -1, -1):
            part = np.flatnonzero(levels >= level)
            short = int(np.ceil(world.right * len(part) - 1e-9)) - 1 - int(right[part].sum())
            right[np.flatnonzero(levels == level)[:short]] = True
    return levels, right


def _drawn(events: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.permutation(events)[:DRAWS]


def _answers(
    levels: NDArray[np.int64], right: Bools, order: NDArray[np.int64], is_blank: bool
) -> tuple[Drawn, ...]:
    """Return the drawn events; a right one is empty, or has the fox that the model names."""
    good, bad = (("empty",), ("fox",)) if is_blank else (("fox",), ("empty",))
    answer = "empty" if is_blank else "fox"
    return tuple(
        Drawn(at / len(levels), answer, is_blank, int(levels[one]), good if right[one] else bad)
        for at, one in enumerate(order.tolist())
    )


def _groups(levels: NDArray[np.int64], drawn: int, is_blank: bool) -> tuple[Group, ...]:
    end = np.inf if drawn == len(levels) else drawn / len(levels)
    answer = "empty" if is_blank else "fox"
    return tuple(
        Group(answer, is_blank, level, int((levels == level).sum()), end)
        for level in np.unique(levels).tolist()
    )


def naive(world: World, right: Bools) -> bool:
    """Return whether an exact binomial test, made after each answer, is ever passed."""
    from scipy.stats import binom

    draws = np.arange(1, len(right) + 1)
    tail = binom.sf(np.cumsum(right) - 1, draws, np.ceil(world.right * world.events) / world.events)
    return bool((tail[FIRST_LOOK - 1 :] <= 0.05).any())


def draws_until_shown(share: float, target: float, runs: int, rng: np.random.Generator) -> str:
    """Return the median draws until precision is shown of 20,000 events, and the 90 % quantile."""
    events, targets = 20_000, Targets(precision=target)
    least, alpha = int(np.ceil(target * events)), targets.all_error + targets.kept_error
    needed = []
    for _ in range(runs):
        right = (np.arange(events) < round(share * events))[_drawn(events, rng)]
        draws = np.arange(1, len(right) + 1)
        capital = Capital(events, draws, np.cumsum(right)).against(least - 1)
        shown = np.flatnonzero(capital >= -np.log(alpha))
        needed.append(int(draws[shown[0]]) if len(shown) else DRAWS + 1)
    median, most = np.quantile(needed, (0.5, 0.9)).tolist()
    return f"{_draws(median)} ({_draws(most)})"


def main(runs: int) -> None:
    """Print how often each world is missed, and how many draws a good model needs."""
    print("| world | events | missed | by a test for one look |\n|---|---|---|---|")
    for world in WORLDS:
        rng = np.random.default_rng(20)
        missed, passed = 0, 0
        for _ in range(runs):
            claim, right = simulate(world, rng)
            missed += claim.state == "shown" or claim.threshold is not None
            passed += not world.kept and naive(world, right)
        other = "" if world.kept else f"{passed / runs:.1%}"
        print(f"| {world.name} | {world.events:,} | {missed / runs:.1%} | {other} |", flush=True)
    shares, targets = (0.97, 0.98, 0.99, 1.0), (0.9, 0.95, 0.98)
    print(f"\n| right | {' | '.join(f'to show {one:.0%}' for one in targets)} |\n|---|---|---|---|")
    for share in shares:
        rng = np.random.default_rng(20)
        cells = [draws_until_shown(share, one, runs, rng) if share > one else "" for one in targets]
        print(f"| {share:.0%} | {' | '.join(cells)} |", flush=True)


def _draws(number: float) -> str:
    return f"{number:.0f}" if number <= DRAWS else f"over {DRAWS:,}"
