"""Estimate the size and duration of a build from a sample of its events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ctc.dataset.encode import EncodedEvent, EventPlan, encode_event
from ctc.dataset.plan import DatasetPlan
from ctc.dataset.splitting.split_stats import SplitStats

SAMPLE_SIZE = 128


@dataclass(frozen=True)
class BuildEstimate:
    """Extrapolated bytes, and seconds with the planned threads.

    `sampled` photos were read and encoded, `failed` of them can't be used.
    """

    sampled: int
    failed: int
    bytes_read: int
    bytes_written: int
    seconds: float


def estimate_build(plan: DatasetPlan, split_stats: Sequence[SplitStats]) -> BuildEstimate:
    """Encode a sample of events, evenly spread over the plan, without writing anything."""
    everything = np.concatenate(list(plan.selection.splits.values()))
    sample_size = min(SAMPLE_SIZE, len(everything))
    chosen = everything[np.linspace(0, len(everything) - 1, sample_size).astype(int)]

    def encode(event: EventPlan) -> EncodedEvent:
        return encode_event(event, plan.image_root, plan.config.storage_format)

    events = list(plan.events(chosen))
    start = time.perf_counter()
    with ThreadPoolExecutor(plan.config.threads, "encode") as pool:
        encoded = list(pool.map(encode, events))
    seconds = time.perf_counter() - start
    sampled = sum(len(event.images) for event in events)
    scale = sum(split.photos for split in split_stats) / max(1, sampled)
    written = sum(len(jpeg) for event in encoded if event.record for jpeg in event.record.jpegs)
    return BuildEstimate(
        sampled=sampled,
        failed=sum(len(event.failures) for event in encoded),
        bytes_read=round(scale * sum(event.bytes_read for event in encoded)),
        bytes_written=round(scale * written),
        seconds=scale * seconds,
    )
