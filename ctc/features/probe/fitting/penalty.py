"""Choose the penalty of a logistic regression by the log loss on photos that it doesn't see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.features.probe.fitting.logistic import Solution, Targets, solve
from ctc.features.probe.fitting.rotation import Float32Array

DECADES = tuple(10.0**power for power in range(1, -6, -1))
"""Penalties from 10 to 10⁻⁵."""
_HALF = 10**0.5
FOLDS = 5

Loss = Callable[[Solution], float]


@dataclass(frozen=True)
class PathPoint:
    """A penalty, its solution, and the loss on the photos that it doesn't see."""

    penalty: float
    solution: Solution
    loss: float


def regularisation_path(
    rotated: Float32Array, variance: Float32Array, targets: Targets, held_out: Loss
) -> Iterator[PathPoint]:
    """Yield the solutions of ever smaller penalties, decade by decade, until the loss rises."""
    solution, lowest = targets.start(rotated.shape[1]), np.inf
    for penalty in DECADES:
        solution = solve(rotated, variance, targets, penalty, solution)
        loss = held_out(solution)
        yield PathPoint(penalty, solution, loss)
        if loss > lowest:
            return
        lowest = loss


def fit_with_validation(
    rotated: Float32Array, variance: Float32Array, targets: Targets, held_out: Loss
) -> PathPoint:
    """Return the penalty, to half a decade, with the lowest loss on the held-out photos."""
    path = list(regularisation_path(rotated, variance, targets, held_out))
    best = min(range(len(path)), key=lambda at: path[at].loss)
    points = [path[best]]
    for start in path[max(best - 1, 0) : best + 1]:
        penalty = start.penalty / _HALF
        solution = solve(rotated, variance, targets, penalty, start.solution)
        points.append(PathPoint(penalty, solution, held_out(solution)))
    return min(points, key=lambda point: point.loss)


def fit_with_cross_validation(
    rotated: Float32Array,
    variance: Float32Array,
    targets: Targets,
    group: NDArray[np.int64],
    seed: int,
) -> PathPoint:
    """Return the solution for all samples with the penalty that is best by cross-validation.

    `group` (N,): samples of one group, such as a place, are never on both sides of a fold. With a
    single group there are no folds: the penalty is then 1.
    """
    losses: dict[float, list[float]] = {}
    for held_out in _folds(group, seed):
        seen, unseen = targets.take(~held_out), targets.take(held_out)
        if not (seen.weights.any() and unseen.weights.any()):
            continue
        rows = rotated[held_out]
        total = float(unseen.weights.sum())
        for point in regularisation_path(
            rotated[~held_out],
            variance,
            seen,
            lambda one, unseen=unseen, rows=rows: unseen.loss(one.logits(rows)),  # type: ignore[misc]
        ):
            losses.setdefault(point.penalty, []).append(point.loss * total)
    folds = max(map(len, losses.values()), default=0)
    complete = {penalty: sum(found) for penalty, found in losses.items() if len(found) == folds}
    best = min(complete, key=lambda penalty: complete[penalty]) if complete else 1.0
    solution = targets.start(rotated.shape[1])
    for penalty in (one for one in DECADES if one >= best):
        solution = solve(rotated, variance, targets, penalty, solution)
    weight = float(targets.weights.sum(dtype=np.float64)) or 1.0
    return PathPoint(best, solution, complete.get(best, float("nan")) / weight)


def _folds(group: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield which samples each of up to FOLDS folds holds out; whole groups, of similar size."""
    groups, position, counts = np.unique(group, return_inverse=True, return_counts=True)
    folds = min(FOLDS, len(groups))
    if folds < 2:
        return
    order = np.random.default_rng(seed).permutation(len(groups))
    order = order[np.argsort(-counts[order], kind="stable")]
    filled, fold_of = np.zeros(folds), np.zeros(len(groups), np.int64)
    for one in order:
        fold_of[one] = np.argmin(filled)
        filled[fold_of[one]] += counts[one]
    for fold in range(folds):
        yield fold_of[position] == fold
