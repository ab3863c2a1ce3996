"""Average precision of one class, with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.metrics.evaluation import Estimate
from ctc.evaluation.metrics.ratios import ratio
from ctc.evaluation.statistics.exact import Float64Array, Int64Array
from ctc.evaluation.statistics.jackknife import ClusterJackknife

MAX_BLOCKS = 256
NAN = float("nan")


def average_precision(
    positive: NDArray[np.bool_], probability: NDArray[np.float32], estimator: Estimator
) -> tuple[Estimate, list[Float64Array]]:
    """Return the average precision and, by scope, its values without each group; NaN if undefined.

    It is the mean precision at the probability of each positive, as in scikit-learn's
    `average_precision_score`. Only predictions at least as probable as the least probable positive
    matter, so a class with a million predictions needs no full sort. Without a group, positives of
    neighbouring rank are taken together in at most MAX_BLOCKS blocks. If all positives come first,
    the interval is that of a share of as many, all right.
    """
    jackknives = [scope.jackknife for scope in estimator.scopes]
    steps, of_each = np.unique(probability[positive], return_counts=True)
    if not len(steps):
        nothing = [np.full(one.groups, NAN) for one in jackknives]
        return Estimate(NAN, NAN, NAN), nothing
    near = np.flatnonzero(probability >= steps[0])
    step = np.searchsorted(steps, probability[near], side="right") - 1
    value = float(_average_precision(of_each, np.bincount(step, minlength=len(steps)))[0])
    block = _blocks(of_each)[step]
    left_out = [_without_groups(one, near, block, positive[near], value) for one in jackknives]
    if value == 1:
        rows = np.flatnonzero(positive)
        return estimator.proportion(np.ones(len(positive), np.bool_), rows), left_out
    return estimator.jackknifed(value, left_out), left_out


def _blocks(of_each: Int64Array) -> Int64Array:
    """Return the block of each step, from 0; `of_each` (steps,) counts its positives."""
    block = (np.cumsum(of_each) - of_each) * min(len(of_each), MAX_BLOCKS) // of_each.sum()
    return np.unique(block, return_inverse=True)[1].astype(np.int64)


def _without_groups(
    jackknife: ClusterJackknife,
    near: Int64Array,
    block: Int64Array,
    positive: NDArray[np.bool_],
    value: float,
) -> Float64Array:
    """Return the average precision without each group, shifted to that without blocks."""
    blocks = int(block.max()) + 1
    positives = jackknife.counts(block[positive], blocks, near[positive])
    totals = jackknife.counts(block, blocks, near)
    whole = _average_precision(
        np.bincount(block[positive], minlength=blocks), np.bincount(block, minlength=blocks)
    )
    return np.asarray(np.clip(_average_precision(positives, totals) + (value - whole[0]), 0, 1))


def _average_precision(positives: NDArray[np.generic], totals: NDArray[np.generic]) -> Float64Array:
    """Return the average precision (M,) of M rows.

    The rows hold counts (M, steps) of positives and of all predictions, in ascending order of
    probability.
    """
    positives, totals = np.atleast_2d(positives)[:, ::-1], np.atleast_2d(totals)[:, ::-1]
    hits = np.cumsum(positives, axis=1, dtype=np.float64)
    predicted = np.cumsum(totals, axis=1, dtype=np.float64)
    precision = np.divide(hits, predicted, out=np.zeros_like(hits), where=predicted > 0)
    return ratio((precision * positives).sum(axis=1), hits[:, -1])
