"""Priors estimated at a place: how often they are called for without need, and what they gain.

A right model: Gaussian scores of 8 classes, with the posterior for its own shares. It is calibrated
on a split of places, whose mean answer are the trained shares. Each place has shares of its own
(Dirichlet, `likeness` how much like those of the region), events come in runs of one class whose
scores are alike. The published likelihood-ratio test is made beside ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from ctc.inference.decisions.priors.estimates import LEVEL
from ctc.inference.decisions.priors.shares import (
    Trained,
    estimate_shares,
    independent_events,
    shift_p_value,
)

Floats = NDArray[np.float64]
CLASSES = 8
ALIKE = 0.7
"""Standard deviation of what the scores of a run share, of 1 in all."""


@dataclass(frozen=True)
class World:
    """`places`, `runs` per place, `burst` events per run on average; `shift`: how far the shares of
    the region are from the trained ones, 0 not at all, 1 unlike them."""

    name: str
    places: int
    runs: int
    burst: int
    likeness: float = 20.0
    shift: float = 0.0
    separation: float = 2.0


SPLIT = World("the split", 40, 30, 3)
WORLDS = (
    World("one place, single events", 1, 400, 1, np.inf),
    World("one place, bursts of 4", 1, 150, 4, np.inf),
    World("12 places, bursts of 4", 12, 25, 4),
    World("40 places, bursts of 4", 40, 25, 4),
    World("30 places, unlike each other", 30, 25, 4, 3.0),
    World("one place, a little shifted", 1, 400, 1, np.inf, 0.3),
    World("40 places, a little shifted", 40, 25, 4, 20.0, 0.3),
    World("one place, unlike the split", 1, 150, 4, np.inf, 1.0),
    World("12 places, unlike the split", 12, 25, 4, 20.0, 1.0),
    World("40 places, unlike the split", 40, 25, 4, 20.0, 1.0),
)


@dataclass(frozen=True)
class Events:
    """`probabilities` (N, CLASSES), `truth` and `cluster` (N,)."""

    probabilities: Floats
    truth: NDArray[np.int64]
    cluster: NDArray[np.int64]


def draw(world: World, shares: Floats, trained: Floats, rng: np.random.Generator) -> Events:
    """Return events of a region with these shares, by a model for the trained ones."""
    sure = np.isfinite(world.likeness)
    own = rng.dirichlet(world.likeness * shares, world.places) if sure else shares[None]
    truth = np.concatenate([rng.choice(CLASSES, world.runs, p=one) for one in own])
    size = 1 + rng.poisson(world.burst - 1, len(truth))
    run = np.repeat(np.arange(len(truth)), size)
    place = np.repeat(np.arange(world.places), world.runs)[run]
    alike = ALIKE if world.burst > 1 else 0.0
    noise = alike * rng.normal(size=(len(truth), CLASSES))[run]
    noise += np.sqrt(1 - alike**2) * rng.normal(size=(len(run), CLASSES))
    means = world.separation * np.eye(CLASSES)
    scores = (means[truth[run]] + noise) * world.separation + np.log(trained)
    found = np.exp(scores - scores.max(axis=1, keepdims=True))
    cluster = place if world.places > 1 else run
    return Events(found / found.sum(axis=1, keepdims=True), truth[run], cluster)


def calibrate(events: Events) -> Trained:
    """Return what `ctc calibrate` keeps of a split."""
    mean = events.probabilities.mean(axis=0)
    return Trained.of(mean, independent_events(events.probabilities, events.cluster, mean))


def published_test(events: Events, trained: Trained) -> bool:
    """Return whether the likelihood-ratio test of Saerens et al. calls for a correction."""
    shares = np.maximum(estimate_shares(events.probabilities, trained.shares), 1e-12)
    ratio = 2 * np.log(events.probabilities @ (shares / trained.shares)).sum()
    return bool(chi2.sf(ratio, CLASSES - 1) < LEVEL)


def quality(probabilities: Floats, truth: NDArray[np.int64]) -> tuple[float, float]:
    """Return accuracy and log loss."""
    rows = np.arange(len(truth))
    loss = -np.log(np.maximum(probabilities[rows, truth], 1e-12)).mean()
    return float((probabilities.argmax(axis=1) == truth).mean()), float(loss)


def corrected(events: Events, trained: Trained) -> Floats:
    """Return the probabilities for the shares that are estimated."""
    worth = independent_events(events.probabilities, events.cluster, trained.shares)
    shares = estimate_shares(events.probabilities, trained.shares, worth)
    found = events.probabilities * (shares / trained.shares)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def study(world: World, runs: int) -> tuple[float, float, Floats]:
    """Return how often ours and the published test call, and the mean (accuracy, log loss) before
    and after, (2, 2), where it is corrected only when ours calls."""
    calls, published, found = 0, 0, []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        learnt, other = rng.dirichlet(np.full(CLASSES, 2.0), 2) * 0.96 + 0.04 / CLASSES
        trained = calibrate(draw(SPLIT, learnt, learnt, rng))
        here = (1 - world.shift) * learnt + world.shift * other
        events = draw(world, here, learnt, rng)
        calling = shift_p_value(events.probabilities, events.cluster, trained) < LEVEL
        after = corrected(events, trained) if calling else events.probabilities
        found.append([quality(one, events.truth) for one in (events.probabilities, after)])
        calls += calling
        published += published_test(events, trained)
    return calls / runs, published / runs, np.mean(found, axis=0)


def main(runs: int) -> None:
    """Print a table of all worlds."""
    head = ("world", "corrected", "by the published test", "right", "log loss")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for world in WORLDS:
        calls, published, ((right, loss), (right_after, loss_after)) = study(world, runs)
        print(
            f"| {world.name} | {calls:.1%} | {published:.0%} | {right:.1%} → {right_after:.1%} "
            f"| {loss:.3f} → {loss_after:.3f} |",
            flush=True,
        )
