"""Reliability of probabilities: expected calibration error, Brier score and log loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.calibration_error import BINS, bin_numbers, judge_error
from ctc.evaluation.metrics.estimator import Estimator
from ctc.evaluation.metrics.evaluation import NAN, Bin, Estimate, Reliability
from ctc.evaluation.statistics.exact import Float64Array, Int64Array

MIN_PROBABILITY = 1e-12
"""Least probability in the log loss, which would be infinite for 0."""


def reliability(
    truth: Int32Array, probabilities: ProbabilityMatrix, estimator: Estimator | None = None
) -> Reliability:
    """Compute the reliability of the top probabilities in 15 bins of equal width.

    Expected calibration error: the mean difference between confidence and accuracy in a bin,
    weighted by the bins' sizes (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 2).
    Brier score: the mean squared distance of `probabilities` (N, K) from the truth, summed over
    classes (Brier 1950). Without an `estimator` there are no intervals, and no `error`.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    bin_of = bin_numbers(confidence)
    n = np.bincount(bin_of, minlength=BINS)
    off = np.bincount(bin_of, right - confidence, BINS)
    ece = float(np.abs(off).sum() / n.sum())
    brier, log_loss = (
        estimator.mean(values) if estimator else Estimate(float(values.mean()), NAN, NAN)
        for values in (_brier_scores(truth, probabilities), _log_losses(truth, probabilities))
    )
    error = judge_error(ece, confidence, right, estimator) if estimator else None
    return Reliability(ece, brier, log_loss, _bins(bin_of, confidence, right, n), error)


def _bins(
    bin_of: Int64Array, confidence: Float64Array, right: NDArray[np.bool_], n: Int64Array
) -> tuple[Bin, ...]:
    with np.errstate(invalid="ignore"):
        mean = np.bincount(bin_of, confidence, BINS) / n
        accuracy = np.bincount(bin_of, right, BINS) / n
    edges = np.arange(BINS + 1) / BINS
    columns = (edges[:-1], edges[1:], n, mean, accuracy)
    return tuple(Bin(*one) for one in zip(*(column.tolist() for column in columns), strict=True))


def _brier_scores(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    """Return the Brier score of each prediction over all classes, (N,), 0 to 2."""
    p_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    squares = np.einsum("nk,nk->n", probabilities, probabilities, dtype=np.float64)
    return np.asarray(np.maximum(squares - 2 * p_truth + 1, 0))


def _log_losses(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    """Return the log loss of each prediction, (N,)."""
    p_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return np.asarray(-np.log(np.clip(p_truth, MIN_PROBABILITY, 1)))
