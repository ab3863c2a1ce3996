"""What an expected calibration error means: its bias, its interval, and what chance alone shows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.metrics.estimator import Estimator, ScopedClusters, estimate
from ctc.evaluation.metrics.evaluation import CalibrationError
from ctc.evaluation.statistics.bootstrap import resample_clusters
from ctc.evaluation.statistics.exact import CONFIDENCE, Float64Array, Int64Array

BINS = 15
MIN_DRAWS, MAX_DRAWS, MAX_DRAWN = 50, 500, 20_000_000
HIGH = 0.95
MAX_FACTOR = 100.0
_STEPS = 40


def bin_numbers(confidence: Float64Array) -> Int64Array:
    """Return the bin of each confidence, (N,): BINS of equal width, each with its upper end."""
    return np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)


def judge_error(
    ece: float, confidence: Float64Array, right: NDArray[np.bool_], estimator: Estimator
) -> CalibrationError:
    """Judge the expected calibration error `ece` of N predictions.

    The mean of absolute values is never 0, though the probabilities be perfect: chance adds to it.
    """
    bin_of = bin_numbers(confidence)
    found = [_debias(ece, bin_of, confidence, right, scope) for scope in estimator.scopes]
    debiased = estimate(found[0][0], [(low, high) for _, low, high in found])
    drawn = np.array(list(_errors_by_chance(bin_of, confidence, estimator.scopes[0])))
    return CalibrationError(debiased, float(drawn.mean()), float(np.quantile(drawn, HIGH)))


def _debias(
    ece: float,
    bin_of: Int64Array,
    confidence: Float64Array,
    right: NDArray[np.bool_],
    scope: ScopedClusters,
) -> tuple[float, float, float]:
    """Return the error without what chance adds, and both ends of its interval.

    The true deviations are taken to be the observed ones times a factor: that for which the
    observed error is the mean, for the value, or an unlikely high or low one, for the ends. Each
    bin's deviation varies with the variance between clusters, at least as that of independent
    predictions; the error as in resamples of clusters.
    """
    from scipy.special import stdtrit

    group, weights = resample_clusters(scope.cluster)
    groups, count = weights.shape[1], len(right)
    cell = group * BINS + bin_of
    off = np.asarray(np.bincount(cell, right - confidence, groups * BINS), np.float64)
    off = off.reshape(groups, BINS)
    sizes = np.bincount(cell, minlength=groups * BINS).reshape(groups, BINS)
    binomial = np.bincount(bin_of, confidence * (1 - confidence), BINS)
    spread = np.sqrt(np.maximum(_between(off, sizes), binomial))
    whole = off.sum(axis=0)

    def true_error(observed: float) -> float:
        return ece * _factor(observed * count, whole, spread)

    if groups < 2:
        return true_error(ece), float("nan"), float("nan")
    resampled = np.abs(weights @ off).sum(axis=1) / (weights @ sizes.sum(axis=1))
    half = float(stdtrit(groups - 1, (1 + CONFIDENCE) / 2) * resampled.std())
    return true_error(ece), true_error(ece - half), true_error(ece + half)


def _between(off: Float64Array, sizes: NDArray[np.integer]) -> Float64Array:
    """Return the variance of the sums (BINS,) between clusters, from those of each."""
    groups, n = len(off), sizes.sum(axis=0)
    mean = np.divide(off.sum(axis=0), n, out=np.zeros(BINS), where=n > 0)
    squares = ((off - mean * sizes) ** 2).sum(axis=0)
    return np.asarray(squares * groups / max(groups - 1, 1), np.float64)


def _factor(observed: float, whole: Float64Array, spread: Float64Array) -> float:
    """Return how much of the deviations `whole` (BINS,) makes a sum of `observed` on average."""
    low, high = 0.0, MAX_FACTOR
    for _ in range(_STEPS):
        factor = (low + high) / 2
        if _folded_mean(factor * whole, spread).sum() < observed:
            low = factor
        else:
            high = factor
    return (low + high) / 2 if low else 0.0


def _folded_mean(mean: Float64Array, spread: Float64Array) -> Float64Array:
    """Return the mean of the absolute value of normal variables."""
    from scipy.special import ndtr

    some = np.where(spread > 0, spread, 1)
    standard = mean / some
    density = np.exp(-(standard**2) / 2) * np.sqrt(2 / np.pi)
    folded = some * density + mean * (1 - 2 * ndtr(-standard))
    return np.where(spread > 0, folded, np.abs(mean))


def _errors_by_chance(
    bin_of: Int64Array, confidence: Float64Array, scope: ScopedClusters
) -> Iterator[float]:
    """Yield the errors of perfectly calibrated predictions that are as alike within clusters."""
    rng = np.random.default_rng(0)
    count = len(confidence)
    alike = (scope.correlation or 0.0) ** 0.5
    clusters = int(scope.cluster.max()) + 1
    for _ in range(int(np.clip(MAX_DRAWN // count, MIN_DRAWS, MAX_DRAWS))):
        level = rng.random(count, np.float32)
        if alike:
            shared = rng.random(count, np.float32) < alike
            level[shared] = rng.random(clusters, np.float32)[scope.cluster[shared]]
        off = np.bincount(bin_of, (level < confidence) - confidence, BINS)
        yield float(np.abs(off).sum() / count)
