"""Labels that the model disagrees with: its own mistakes, and label errors among them.

Confident learning (Northcutt, Jiang & Chuang 2021, https://doi.org/10.1613/jair.1.12125): the
confident joint (section 3.1) and the ranking by self-confidence (section 3.2), which finds more
errors than the ranking by margin if the model itself is often wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import Int32Array, ProbabilityMatrix
from ctc.evaluation.statistics.exact import Float64Array


@dataclass(frozen=True)
class LabelErrorCandidates:
    """M candidates: confident disagreements first, then by the probability of the label, ascending.

    `row` is the prediction's row, `suggested` the class that the model predicts. `is_confident`:
    its probability reaches the mean over the predictions that are labelled with it.
    """

    row: NDArray[np.int64]
    suggested: NDArray[np.int64]
    is_confident: NDArray[np.bool_]


def find_label_errors(truth: Int32Array, probabilities: ProbabilityMatrix) -> LabelErrorCandidates:
    """Find the labels that differ from the prediction.

    `truth` (N,) are the labels, `probabilities` (N, classes) those of a model that was not trained
    on them.
    """
    suggested = probabilities.argmax(axis=1)
    p_label, p_suggested = (
        probabilities[np.arange(len(truth)), classes] for classes in (truth, suggested)
    )
    row = np.flatnonzero(p_suggested > p_label)
    confident = p_suggested >= _mean_self_confidence(truth, probabilities)[suggested]
    row = row[np.lexsort((-p_suggested[row], p_label[row], ~confident[row]))]
    return LabelErrorCandidates(row, suggested[row], confident[row])


def _mean_self_confidence(truth: Int32Array, probabilities: ProbabilityMatrix) -> Float64Array:
    """Return each class's mean probability where it is the label; infinite if it never is."""
    classes = probabilities.shape[1]
    n = np.bincount(truth, minlength=classes)
    total = np.bincount(truth, probabilities[np.arange(len(truth)), truth], classes)
    return np.asarray(np.divide(total, n, out=np.full(classes, np.inf), where=n > 0))
