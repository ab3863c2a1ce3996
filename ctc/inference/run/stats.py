"""Outcomes on their way to an output, counted, with the failures listed beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import InputError
from ctc.inference.config import Summary
from ctc.inference.pipeline.pipeline import EventResult

MAX_LISTED_FAILURES = 5

ProgressCallback = Callable[[int, int], None]


@dataclass
class RunStats:
    """`events` predicted, `photos` that came in, `resumed` of them in an earlier run, `failed`
    entries, the `first_failures` of them; `advance(photos, failed)` is told as they come."""

    advance: ProgressCallback
    events: int = 0
    photos: int = 0
    resumed: int = 0
    failed: int = 0
    first_failures: list[Failure] = field(default_factory=list)

    def update(self, result: EventResult) -> None:
        self.events += result.prediction is not None
        self.photos += result.photos
        self.failed += len(result.failures)
        self.first_failures += result.failures[: MAX_LISTED_FAILURES - len(self.first_failures)]
        self.advance(result.photos, len(result.failures))

    def entries(
        self, results: Iterable[EventResult], list_failure: Callable[[Failure], None]
    ) -> Iterator[EventPrediction | Failure]:
        """What an output format takes."""
        for outcome in results:
            self.update(outcome)
            for failure in outcome.failures:
                list_failure(failure)
            yield from outcome.entries

    def require_any_prediction(self, failures: Path) -> None:
        """Raises InputError when `failures` lists everything that came in."""
        if not self.events:
            first = f"'{self.first_failures[0].path}': {self.first_failures[0].reason}"
            raise InputError(
                f"nothing could be predicted, all {self.failed} failures are listed in '{failures}'; the first: {first}"
            )

    def summary(self, failures: Path, start: float) -> Summary:
        """What came out since `start`, by time.perf_counter."""
        seconds = time.perf_counter() - start
        return Summary(
            self.events,
            self.photos,
            self.resumed,
            self.failed,
            failures,
            tuple(self.first_failures),
            seconds,
        )
