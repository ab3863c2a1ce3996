"""Which labels are likely wrong: the model disagrees, and holds the label for hardly possible.

Confident learning: Northcutt, Jiang & Chuang 2021, https://doi.org/10.1613/jair.1.12125, the
confident joint (section 3.1) and the ranking by self-confidence (section 3.2), which finds more
than the one by margin where the model itself is often wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.metrics.intervals import Float64Array


@dataclass(frozen=True)
class LabelErrorCandidates:
    """M answers, worst first: their `row`; the class `suggested` in place of the label; whether the
    model is as `is_confident` of it as it is, on average, where that class is the label."""

    row: NDArray[np.int64]
    suggested: NDArray[np.int64]
    is_confident: NDArray[np.bool_]


def find_label_errors(truth: Int32Array, probabilities: ProbabilityMatrix) -> LabelErrorCandidates:
    """`truth` (N,) as labelled, `probabilities` (N, classes) by a model that was not trained on
    these labels."""
    suggested = probabilities.argmax(axis=1)
    of_label, of_suggested = (
        probabilities[np.arange(len(truth)), which] for which in (truth, suggested)
    )
    row = np.flatnonzero(of_suggested > of_label)
    row = row[np.lexsort((-of_suggested[row], of_label[row]))]
    confident = of_suggested >= _mean_self_confidence(truth, probabilities)[suggested]
    return LabelErrorCandidates(row, suggested[row], confident[row])


def _mean_self_confidence(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    """Of each class the mean probability over the answers that are labelled with it; infinite
    without one."""
    classes = probabilities.shape[1]
    n = np.bincount(truth, minlength=classes)
    total = np.bincount(truth, probabilities[np.arange(len(truth)), truth], classes)
    return np.asarray(np.divide(total, n, out=np.full(classes, np.inf), where=n > 0))
