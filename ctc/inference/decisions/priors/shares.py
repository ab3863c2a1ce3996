"""How common the classes are at a place, estimated from probabilities alone.

Saerens, Latinne & Decaestecker 2002 (https://doi.org/10.1162/089976602753284446): expectation
maximisation finds the shares of classes under which the predictions are most likely, where the
model's probabilities p(k|x) hold for the shares of its training:

    answer of an event    p'(k|x) ∝ p(k|x) · share(k) / trained share(k)
    share(k)              the mean of p'(k|x) over the events

One event per class, with the trained shares, is added to those that were seen, in units of
independent events: so no class vanishes that has merely not come yet.

Their test for whether the shares differ takes events for independent. Here the mean prediction is
compared with the trained shares, and whole clusters of events change their signs at random
(Canay, Romano & Shaikh 2017, https://doi.org/10.3982/ECTA13081).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_STEPS = 2_000
TOLERANCE = 1e-7
BLOCK = 1 << 16
DIGITS = 9
"""Digits of shares: further ones may depend on the machine."""
DRAWS = 1_999
MAX_CLUSTERS = 1_000
SMALLEST_SHARE = 1e-6


@dataclass(frozen=True)
class Trained:
    """What a model was calibrated on: the `shares` (K,) of its classes, which sum to 1, as its
    probabilities add up to them, and the number of independent `events` that say so."""

    shares: Floats
    events: float

    @classmethod
    def of(cls, shares: Floats, events: float) -> Trained:
        """Return them without shares of 0, with the sum 1."""
        floored = np.maximum(shares, SMALLEST_SHARE)
        return cls(floored / floored.sum(), events)


def estimate_shares(
    probabilities: NDArray[np.floating], trained: Floats, independent: float | None = None
) -> Floats:
    """Return the shares (K,) of the classes among events with `probabilities` (N, K).

    `independent`: how many independent events these are worth, to which one per class is added;
    None adds nothing, which is the method as published.
    """
    events, classes = probabilities.shape
    weight, added = (1.0, 0.0) if independent is None else (independent / events, float(classes))
    shares = trained
    for _ in range(MAX_STEPS):
        found = np.zeros(classes)
        ratio = shares / trained
        for start in range(0, events, BLOCK):
            block = probabilities[start : start + BLOCK].astype(np.float64)
            found += block.T @ (1 / np.maximum(block @ ratio, np.finfo(float).tiny))
        new = (weight * ratio * found + added * trained) / (weight * events + added)
        new /= new.sum()
        step = float(np.abs(new - shares).max())
        shares = new
        if step < TOLERANCE:
            break
    return shares.round(DIGITS)


def independent_events(probabilities: NDArray[np.floating], cluster: Ints, shares: Floats) -> float:
    """Return how many independent events would tell as much of the shares, at most N.

    `probabilities` (N, K); `cluster` (N,): numbers from 0. `shares` (K,): a class counts by its
    variance relative to its share.
    """
    events, clusters = len(probabilities), int(cluster.max()) + 1
    if clusters < 2:
        return 1.0
    mean = probabilities.mean(axis=0, dtype=np.float64)
    scale = np.sqrt(np.maximum(shares, SMALLEST_SHARE))
    squares, sums = cluster_sums(probabilities, cluster, mean, scale)
    together = float((sums**2).sum()) * clusters / (clusters - 1)
    return float(np.clip(events * squares / together, 1, events)) if together > 0 else events


def cluster_sums(
    probabilities: NDArray[np.floating], cluster: Ints, center: Floats, scale: Floats
) -> tuple[float, Floats]:
    """Return the sum of squares of (probabilities − center) / scale, and its sums by cluster,
    (clusters, K)."""
    squares, sums = 0.0, np.zeros((int(cluster.max()) + 1, probabilities.shape[1]))
    for start in range(0, len(probabilities), BLOCK):
        block = (probabilities[start : start + BLOCK] - center) / scale
        np.add.at(sums, cluster[start : start + BLOCK], block)
        squares += float((block**2).sum())
    return squares, sums


def shift_p_value(probabilities: NDArray[np.floating], cluster: Ints, trained: Trained) -> float:
    """Return how often the mean of `probabilities` (N, K) differs from the trained shares as much
    as here, where the events come from a place with these shares.

    `cluster` (N,): numbers from 0 of clusters, which are independent; below six of them it is never
    under 0.05. The trained shares are not known better than from `trained.events`.
    """
    events, classes = probabilities.shape
    rng = np.random.default_rng(0)
    clusters = int(cluster.max()) + 1
    if clusters > MAX_CLUSTERS:
        cluster = rng.permutation(clusters)[cluster] % MAX_CLUSTERS
        clusters = MAX_CLUSTERS
    # a class that is expected less than once in all clusters must not outweigh all others
    scale = np.sqrt(np.maximum(trained.shares, 1 / clusters)) * events
    _, sums = cluster_sums(probabilities, cluster, trained.shares, scale)
    observed = float((sums.sum(axis=0) ** 2).sum())
    signs = rng.choice([-1.0, 1.0], (DRAWS, clusters))
    noise = rng.normal(size=(DRAWS, classes))
    root = np.sqrt(trained.shares)
    noise = root * (noise - (noise @ root)[:, None] * root) * events / scale
    drawn = signs @ sums + noise / np.sqrt(trained.events)
    extreme = (drawn**2).sum(axis=1) >= observed * (1 - 1e-9)
    extreme |= np.abs(signs.sum(axis=1)) == clusters  # no sign, or all, changed: the events as seen
    return (int(extreme.sum()) + 1) / (DRAWS + 1)
