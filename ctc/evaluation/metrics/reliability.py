"""Reliability of probabilities: expected calibration error and Brier score."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.evaluation import Bin, Reliability

BINS = 15


def reliability(truth: Int32Array, probabilities: ProbabilityMatrix) -> Reliability:
    """Compute the reliability of the top probabilities in 15 bins of equal width.

    Expected calibration error: the mean difference between confidence and accuracy in a bin,
    weighted by the bins' sizes (Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 2).
    Brier score: the mean squared distance of `probabilities` (N, K) from the truth, summed over
    classes (Brier 1950).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    bin_of = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    n = np.bincount(bin_of, minlength=BINS)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(bin_of, confidence, BINS) / n
        accuracy = np.bincount(bin_of, right, BINS) / n
    ece = float(np.nansum(n * np.abs(accuracy - mean)) / n.sum())
    edges = np.arange(BINS + 1) / BINS
    bins = zip(
        edges[:-1].tolist(),
        edges[1:].tolist(),
        n.tolist(),
        mean.tolist(),
        accuracy.tolist(),
        strict=True,
    )
    return Reliability(ece, brier_score(truth, probabilities), tuple(Bin(*one) for one in bins))


def brier_score(truth: Int32Array, probabilities: ProbabilityMatrix) -> float:
    """Return the Brier score over all classes, 0 to 2."""
    p_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    squares = np.einsum("nk,nk->n", probabilities, probabilities, dtype=np.float64)
    return float((squares - 2 * p_truth + 1).mean())
