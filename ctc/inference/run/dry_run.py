"""Estimate how long a run takes, from its first photos."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass

from ctc.artifacts.predictions import Failure
from ctc.errors import UsageError
from ctc.inference.run.local_results import LocalResults
from ctc.inference.run.photo_run import PhotoRun

SAMPLE_SECONDS = 3.0
"""How long photos are tried for the estimate, at most."""


@dataclass(frozen=True)
class RunEstimate:
    """The estimate for a run.

    `photos`: how many there are (of a shard approximately); `sampled_photos` of them were
    tried, at `photos_per_second`, with `failures`.
    """

    photos: int
    sampled_photos: int
    failures: tuple[Failure, ...]
    photos_per_second: float

    @property
    def seconds(self) -> float:
        """The estimated seconds for all photos."""
        return self.photos / self.photos_per_second


def estimate_run(run: PhotoRun, seconds: float = SAMPLE_SECONDS) -> RunEstimate:
    """Run for `seconds` and write nothing. Raises CtcError as the run would."""
    source = run.source
    if not isinstance(source, LocalResults):
        raise UsageError("--dry-run measures this machine alone: leave --engine out")
    sampled = 0
    failures: list[Failure] = []
    start = time.perf_counter()
    with closing(source.predict(source.shard_events())) as results:
        for result in results:
            sampled += result.photos
            failures += result.failures
            if time.perf_counter() - start >= seconds:
                break
    speed = max(sampled, 1) / (time.perf_counter() - start)
    photos = math.ceil(source.events.photos / source.header.shard[1])
    return RunEstimate(photos, sampled, tuple(failures), speed)
