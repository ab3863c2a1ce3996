"""Division of counts."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.statistics.exact import Float64Array


def ratio(part: Float64Array, whole: Float64Array) -> Float64Array:
    """Divide elementwise; NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
