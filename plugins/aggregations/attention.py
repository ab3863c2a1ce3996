"""The aggregation that a model learnt: photos count by their attention.

The model file tells how; see `ctc calibrate --pooling`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.model.pooling import ATTENTION
from ctc.plugin import Aggregation, AggregationContext

ProbabilityArray = NDArray[np.float32]
SMALLEST = 1e-4
"""Lower bound of probabilities, so that no photo alone can exclude a class."""


def pool(probabilities: ProbabilityArray, context: AggregationContext) -> ProbabilityArray:
    """Return the weighted geometric mean of each class, to the power of how evidence adds up.

    (images, classes) to (classes,), whose sum is 1. A single photo keeps its probabilities. Photos
    without attention count alike. The order of the photos changes no bit.
    """
    count = len(probabilities)
    if count == 1:
        return np.asarray(probabilities[0], np.float32)
    known = [photo.attention for photo in context.photos if photo.attention is not None]
    scores, scale = np.zeros(count), 1.0
    if len(known) == count:
        scores = np.array([one.score for one in known])
        scale = min(count, known[0].most_photos) ** known[0].growth
    order = np.lexsort((*probabilities.T, scores))
    weights = np.exp(scores - scores.max())[order]
    logs = np.log(np.maximum(probabilities[order], SMALLEST, dtype=np.float64))
    pooled = scale * (weights[:, None] * logs).sum(axis=0) / weights.sum()
    chances = np.exp(pooled - pooled.max())
    return np.asarray(chances / chances.sum(), np.float32)


RECORD = Aggregation(
    ATTENTION,
    "the geometric mean, weighted by which photos show most, as the model learnt from its features",
    pool,
    needs_attention=True,
)
