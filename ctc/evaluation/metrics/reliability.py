"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.evaluation import Bin, Reliability

BINS = 15


def reliability(truth: Int32Array, probabilities: ProbabilityMatrix) -> Reliability:
    """Of the highest probability of each answer, in 15 bins of one width (Guo et al. 2017,
    https://arxiv.org/abs/1706.04599, section 2).

    Expected calibration error: the mean difference between probability and share of right answers
    in a bin, weighted by the bins' answers. Brier score: the mean squared distance of (N, K)
    `probabilities` from the truth, summed over classes (Brier 1950)."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    n = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, confidence, BINS) / n
        accuracy = np.bincount(place, right, BINS) / n
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
    of_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    squares = np.einsum("nk,nk->n", probabilities, probabilities, dtype=np.float64)
    return float((squares - 2 * of_truth + 1).mean())
