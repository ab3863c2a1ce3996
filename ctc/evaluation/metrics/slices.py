"""Accuracy by slice: location, light, number of photos in the event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.event_facts import LIGHTS
from ctc.evaluation.answers.predictions import Int32Array
from ctc.evaluation.metrics.estimator import Estimator, estimate
from ctc.evaluation.metrics.evaluation import Estimate, LocationSlices, Slice
from ctc.evaluation.metrics.ratios import ratio
from ctc.evaluation.statistics.exact import Int64Array
from ctc.evaluation.statistics.jackknife import ClusterJackknife

MIN_FOR_SPREAD = 10
N_WORST = 10
MAX_PHOTO_COUNT = 10
QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


def compute_slices(
    names: Sequence[str],
    slice_index: Int64Array,
    truth: Int32Array,
    predicted: Int64Array,
    estimator: Estimator,
) -> tuple[Slice, ...]:
    """Compute the slices that occur, in the order of `names`.

    `slice_index` (N,) is an index into `names`, or −1; `predicted` (N,) is the top class.
    """
    right = truth == predicted
    order = np.argsort(slice_index, kind="stable")
    order = order[slice_index[order] >= 0]
    ends = np.flatnonzero(np.diff(slice_index[order])) + 1
    return tuple(
        Slice(
            names[int(slice_index[rows[0]])],
            len(rows),
            estimator.proportion(right, rows),
            _mean_recall(truth, right, rows, estimator),
        )
        for rows in np.split(order, ends)
        if len(rows)
    )


def location_slices(
    names: Sequence[str],
    slice_index: Int64Array,
    truth: Int32Array,
    predicted: Int64Array,
    estimator: Estimator,
) -> LocationSlices | None:
    """Compute slices by location; None if no location is known.

    A location says nothing about new ones.
    """
    of_same = Estimator(estimator.scopes[:1])
    found = compute_slices(names, slice_index, truth, predicted, of_same)
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
    photo_counts: Int32Array, truth: Int32Array, predicted: Int64Array, estimator: Estimator
) -> tuple[Slice, ...]:
    """Compute slices by the number of photos; 0 is unknown and left out."""
    names = [*map(str, range(1, MAX_PHOTO_COUNT)), f"{MAX_PHOTO_COUNT} or more"]
    number = np.minimum(photo_counts, MAX_PHOTO_COUNT).astype(np.int64) - 1
    return compute_slices(names, number, truth, predicted, estimator)


def light_slices(
    light: Iterable[int], truth: Int32Array, predicted: Int64Array, estimator: Estimator
) -> tuple[Slice, ...]:
    """Compute slices by the light of LIGHTS; −1 is unknown and left out."""
    return compute_slices(LIGHTS, np.asarray(light, np.int64), truth, predicted, estimator)


def _mean_recall(
    truth: Int32Array, right: NDArray[np.bool_], rows: Int64Array, estimator: Estimator
) -> Estimate:
    """Return the mean recall over the classes that occur in the `rows`.

    If all recalls are 0 or all are 1, the interval is the mean of those of the classes.
    """
    present, number = np.unique(truth[rows], return_inverse=True)
    classes = len(present)
    hit = right[rows]
    recall = np.bincount(number, hit, classes) / np.bincount(number, minlength=classes)
    value = float(recall.mean())
    if value in (0, 1):
        found = [estimator.proportion(right, rows[number == one]) for one in range(classes)]
        ends = np.array([[one.low, one.high, one.new_low, one.new_high] for one in found])
        return Estimate(value, *ends.mean(axis=0).tolist())
    intervals = []
    for scope in estimator.scopes:
        jackknife = ClusterJackknife.from_clusters(scope.cluster[rows])
        hits = jackknife.counts(number[hit], classes, hit)
        recalls = ratio(hits, jackknife.counts(number, classes))
        occurs = ~np.isnan(recalls)
        left_out = ratio(np.nan_to_num(recalls).sum(axis=1), occurs.sum(axis=1).astype(np.float64))
        intervals.append(jackknife.interval(value, left_out))
    return estimate(value, intervals)
