"""The manifest of a finished dataset: class counts, channel statistics, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ctc._version import __version__
from ctc.artifacts.dataset import TRAIN, Label, Manifest
from ctc.artifacts.predictions import Failure
from ctc.dataset.encode import ZERO_SUMS
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.writer import ShardSummary
from ctc.errors import InputError

MAX_LISTED_FAILURES = 1000
NO_USABLE_PHOTO = "no usable photo"
"""Why an event was left out whose photos all failed."""

RGB = tuple[float, float, float]
SplitSummaries = Mapping[str, Sequence[ShardSummary]]


def make_manifest(plan: DatasetPlan, summaries: Sequence[ShardSummary]) -> Manifest:
    """Build the manifest from the plan and the summaries of all its shards.

    Raises InputError when not a single photo could be used.
    """
    failures = [failure for summary in summaries for failure in summary.failures]
    _check_any_photo(plan, summaries, failures)
    by_split: dict[str, list[ShardSummary]] = {split: [] for split in plan.selection.splits}
    for summary in summaries:
        by_split[summary.split].append(summary)
    mean, std = _channel_statistics(by_split.get(TRAIN) or summaries)
    return Manifest(
        splits={
            split: tuple(summary.shard for summary in shards) for split, shards in by_split.items()
        },
        labels=tuple(
            Label(label, classes, _class_counts(label, classes, by_split))
            for label, classes in plan.classes.items()
        ),
        shrink=plan.storage_metadata(),
        channel_mean=mean,
        channel_std=std,
        left_out=_left_out(plan, summaries, failures),
        made_by={"ctc_version": __version__, **plan.config.fingerprint_fields()},
    )


def _check_any_photo(
    plan: DatasetPlan, summaries: Sequence[ShardSummary], failures: Sequence[Failure]
) -> None:
    if any(summary.shard.images for summary in summaries):
        return
    reasons = Counter(failure.reason for failure in failures)
    why = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    raise InputError(
        f"no photo could be used: {why}; photos were expected in '{plan.image_root}', "
        "see --image-root"
    )


def _channel_statistics(summaries: Sequence[ShardSummary]) -> tuple[RGB, RGB]:
    """Return the mean and the standard deviation of each channel, over pixels scaled to 0–1."""
    sums = sum((summary.sums for summary in summaries), ZERO_SUMS)
    mean = sums.total / max(sums.pixels, 1)
    std = np.sqrt(np.maximum(sums.squares / max(sums.pixels, 1) - mean**2, 1e-12))
    return (
        (float(mean[0]), float(mean[1]), float(mean[2])),
        (float(std[0]), float(std[1]), float(std[2])),
    )


def _class_counts(
    label: str, classes: Sequence[str], by_split: SplitSummaries
) -> dict[str, tuple[int, ...]]:
    """Return the number of observations of each class, per split."""
    return {
        split: tuple(
            sum(summary.counts[label][number] for summary in summaries)
            for number in range(len(classes))
        )
        for split, summaries in by_split.items()
    }


def _left_out(
    plan: DatasetPlan, summaries: Sequence[ShardSummary], failures: Sequence[Failure]
) -> dict[str, Any]:
    lost = sum(summary.events_lost for summary in summaries)
    return {
        "events": {**plan.selection.left_out, **({NO_USABLE_PHOTO: lost} if lost else {})},
        "photos": dict(Counter(failure.reason for failure in failures)),
        "first_photos": [
            {"path": failure.path, "reason": failure.reason}
            for failure in failures[:MAX_LISTED_FAILURES]
        ],
    }
