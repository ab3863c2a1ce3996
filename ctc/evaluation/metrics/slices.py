"""Accuracy by slice: location, light, number of photos in the event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.event_facts import LIGHTS
from ctc.evaluation.answers.predictions import Int32Array
from ctc.evaluation.metrics.evaluation import Estimate, LocationSlices, Slice
from ctc.evaluation.metrics.intervals import Float64Array, Int64Array, clopper_pearson

MIN_FOR_SPREAD = 10
N_WORST = 10
MAX_PHOTO_COUNT = 10
QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


def compute_slices(
    names: Sequence[str], slice_index: Int64Array, truth: Int32Array, predicted: Int64Array
) -> tuple[Slice, ...]:
    """Compute the slices that occur, in the order of `names`.

    `slice_index` (N,) is an index into `names`, or −1; `predicted` (N,) is the top class.
    """
    inside = slice_index >= 0
    slice_index, truth, predicted = slice_index[inside], truth[inside], predicted[inside]
    right = truth == predicted
    n = np.bincount(slice_index, minlength=len(names))
    hits = np.bincount(slice_index[right], minlength=len(names))
    recall = _mean_recall(slice_index, truth, right, len(names))
    low, high = clopper_pearson(hits, n)
    return tuple(
        Slice(
            names[i],
            int(n[i]),
            Estimate(hits[i] / n[i], float(low[i]), float(high[i])),
            float(recall[i]),
        )
        for i in np.flatnonzero(n).tolist()
    )


def location_slices(
    names: Sequence[str], slice_index: Int64Array, truth: Int32Array, predicted: Int64Array
) -> LocationSlices | None:
    """Compute slices by location; None if no location is known."""
    found = compute_slices(names, slice_index, truth, predicted)
    if not found:
        return None
    counted = [group.top_1.value for group in found if group.n >= MIN_FOR_SPREAD]
    spread = (
        np.quantile(counted, QUANTILES).tolist() if counted else [float("nan")] * len(QUANTILES)
    )
    worst = sorted(found, key=lambda group: (group.top_1.high, group.top_1.value))[:N_WORST]
    named = {f"{quantile:g}": value for quantile, value in zip(QUANTILES, spread, strict=True)}
    return LocationSlices(found, tuple(worst), len(counted), named)


def photo_count_slices(
    photo_counts: Int32Array, truth: Int32Array, predicted: Int64Array
) -> tuple[Slice, ...]:
    """Compute slices by the number of photos; 0 is unknown and left out."""
    names = [*map(str, range(1, MAX_PHOTO_COUNT)), f"{MAX_PHOTO_COUNT} or more"]
    return compute_slices(
        names, np.minimum(photo_counts, MAX_PHOTO_COUNT).astype(np.int64) - 1, truth, predicted
    )


def light_slices(
    light: Iterable[int], truth: Int32Array, predicted: Int64Array
) -> tuple[Slice, ...]:
    """Compute slices by the light of LIGHTS; −1 is unknown and left out."""
    return compute_slices(LIGHTS, np.asarray(light, np.int64), truth, predicted)


def _mean_recall(
    slice_index: Int64Array, truth: Int32Array, right: NDArray[np.bool_], count: int
) -> Float64Array:
    """Return the mean recall over the classes in each slice, (slices,)."""
    classes = int(truth.max(initial=0)) + 1
    cell, of_cell = np.unique(slice_index * classes + truth, return_inverse=True)
    recall = np.bincount(of_cell, right) / np.bincount(of_cell)
    group = cell // classes
    with np.errstate(invalid="ignore"):
        mean: Float64Array = np.bincount(group, recall, count) / np.bincount(group, minlength=count)
    return mean
