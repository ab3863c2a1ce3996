"""How long a prediction would take, judged from its first photos."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass

from ctc.artifacts.predictions import Failure
from ctc.inference.run.job import Job

SAMPLE_SECONDS = 3.0
"""That are predicted, at most, to judge from."""


@dataclass(frozen=True)
class PredictEstimate:
    """`photos`: how many there are, of a shard about so many; `sampled_photos` of them were
    predicted, at `photos_per_second`."""

    photos: int
    sampled_photos: int
    failures: tuple[Failure, ...]
    photos_per_second: float

    @property
    def seconds(self) -> float:
        """For all of them."""
        return self.photos / self.photos_per_second


def estimate_run(job: Job, seconds: float = SAMPLE_SECONDS) -> PredictEstimate:
    """Predicts for so long and writes nothing. Raises CtcError as the job would."""
    sampled = 0
    failures: list[Failure] = []
    start = time.perf_counter()
    with closing(job.predict(job.shard_events())) as outcomes:
        for outcome in outcomes:
            sampled += outcome.photos
            failures += outcome.failures
            if time.perf_counter() - start >= seconds:
                break
    speed = max(sampled, 1) / (time.perf_counter() - start)
    return PredictEstimate(
        math.ceil(job.events.photos / job.header.shard[1]), sampled, tuple(failures), speed
    )
