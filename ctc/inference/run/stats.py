"""Outcomes on their way to an output, counted, with the failures listed beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ctc.artifacts.predictions import EventPrediction, Failure
from ctc.errors import InputError
from ctc.inference.config import Summary
from ctc.inference.pipeline.pipeline import Outcome

SHOWN = 5

Advance = Callable[[int, int], None]


@dataclass
class Tally:
    """`events` predicted, `photos` that came in, `resumed` of them in an earlier run, `failed` entries, the `first` of them;
    `advance(photos, failed)` is told as they come."""

    advance: Advance
    events: int = 0
    photos: int = 0
    resumed: int = 0
    failed: int = 0
    first: list[Failure] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        self.events += outcome.prediction is not None
        self.photos += outcome.photos
        self.failed += len(outcome.failures)
        self.first += outcome.failures[: SHOWN - len(self.first)]
        self.advance(outcome.photos, len(outcome.failures))

    def entries(
        self, outcomes: Iterable[Outcome], list_failure: Callable[[Failure], None]
    ) -> Iterator[EventPrediction | Failure]:
        """What an output format takes."""
        for outcome in outcomes:
            self.count(outcome)
            for failure in outcome.failures:
                list_failure(failure)
            yield from outcome.entries

    def check_some_predicted(self, failures: Path) -> None:
        """Raises InputError when `failures` lists everything that came in."""
        if not self.events:
            first = f"'{self.first[0].path}': {self.first[0].reason}"
            raise InputError(
                f"nothing could be predicted, all {self.failed} failures are listed in '{failures}'; the first: {first}"
            )

    def summary(self, failures: Path, start: float) -> Summary:
        """What came out since `start`, by time.perf_counter."""
        seconds = time.perf_counter() - start
        return Summary(self.events, self.photos, self.resumed, self.failed, failures, tuple(self.first), seconds)
