"""Estimate how long a run takes, from its first photos."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from ctc.artifacts.predictions import Failure
from ctc.errors import UsageError
from ctc.inference.events.event import Event
from ctc.inference.run.local_results import LocalResults
from ctc.inference.run.photo_run import PhotoRun

SAMPLE_SECONDS = 3.0
"""How long photos are tried for the estimate, at most."""
MAX_SAMPLED_EVENTS = 10_000
"""Events that are kept for it, with `--update`."""


@dataclass(frozen=True)
class RunEstimate:
    """The estimate for a run.

    `photos`: how many there are to compute (of a shard approximately); `sampled_photos` of them
    were tried, at `photos_per_second`, with `failures`. `taken_over`: how many `--update` knows.
    """

    photos: int
    sampled_photos: int
    failures: tuple[Failure, ...]
    photos_per_second: float
    taken_over: int = 0

    @property
    def seconds(self) -> float:
        """The estimated seconds for all photos."""
        return self.photos / self.photos_per_second


def estimate_run(run: PhotoRun, seconds: float = SAMPLE_SECONDS) -> RunEstimate:
    """Run for `seconds` and write nothing. Raises CtcError as the run would."""
    source = run.source
    if not isinstance(source, LocalResults):
        raise UsageError("--dry-run measures this machine alone: leave --engine out")
    events, photos, taken_over = _plan(source)
    sampled = 0
    failures: list[Failure] = []
    start = time.perf_counter()
    with closing(source.predict(events)) as results:
        for result in results:
            sampled += result.photos
            failures += result.failures
            if time.perf_counter() - start >= seconds:
                break
    speed = max(sampled, 1) / (time.perf_counter() - start)
    return RunEstimate(photos, sampled, tuple(failures), speed, taken_over)


def _plan(source: LocalResults) -> tuple[Iterable[Event], int, int]:
    """Return events to try, and how many photos are to be computed and taken over."""
    if source.earlier is None:
        photos = math.ceil(source.events.photos / source.header.shard[1])
        return source.shard_events(), photos, 0
    new, counts = list[Event](), Counter[bool]()
    for event, is_known in source.found_events():
        counts[is_known] += len(event.images)
        if not is_known and len(new) < MAX_SAMPLED_EVENTS:
            new.append(event)
    return new, counts[False], counts[True]
