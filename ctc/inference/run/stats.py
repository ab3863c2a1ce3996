"""Counts of a run's results on their way to the output."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctc.artifacts.predictions import Failure, redacted
from ctc.errors import InputError
from ctc.images.clips.files import TRUNCATED as TRUNCATED_VIDEO
from ctc.inference.config import Summary
from ctc.inference.task import EventT, TaskResult
from ctc.inference.update.seen import SeenPhotos
from ctc.reporting import counted

MAX_LISTED_FAILURES = 5
TRUNCATED = ("premature end of jpeg file", TRUNCATED_VIDEO)
"""Parts of the reasons of a photo and a clip that `--truncated use` would take."""

ProgressCallback = Callable[[int, int], None]
"""Called with the number of photos that are done and the number of failures among them."""


@dataclass
class RunStats:
    """Counters, see `Summary`; `advance` is called for each result.

    `max_failures`: see `RunConfig`. `done`: see `RunKind`. `seen`: notes all photos, to tell which
    of an earlier run are gone.
    """

    advance: ProgressCallback
    max_failures: int | None = None
    done: str = "predicted"
    events: int = 0
    photos: int = 0
    resumed: int = 0
    failed: int = 0
    truncated: int = 0
    first_failures: list[Failure] = field(default_factory=list)
    set_aside: int = 0
    left_out: int = 0
    taken_over: int = 0
    seen: SeenPhotos | None = None

    def count(self, results: Iterable[TaskResult[Any]]) -> None:
        """Count all results."""
        for result in results:
            self.update(result)

    def update(self, result: TaskResult[Any]) -> None:
        """Count a result. Raises InputError when there are more than `max_failures` failures."""
        self.events += result.prediction is not None
        self.photos += result.photos
        self.taken_over += result.photos if result.is_taken_over else 0
        if self.seen is not None:
            self.seen.add(result)
        self.failed += len(result.failures)
        self.truncated += sum(
            any(part in failure.reason.lower() for part in TRUNCATED) for failure in result.failures
        )
        self.first_failures += result.failures[: MAX_LISTED_FAILURES - len(self.first_failures)]
        if result.prediction is not None:
            # photos of tasks without boxes have none
            self.set_aside += sum(
                len(getattr(photo, "set_aside", ())) for photo in result.prediction.images
            )
            self.left_out += sum(
                getattr(photo, "is_left_out", False) for photo in result.prediction.images
            )
        self.advance(result.photos, len(result.failures))
        if self.max_failures is not None and result.failures and self.failed > self.max_failures:
            last = result.failures[-1]
            raise InputError(
                f"{counted(self.failed, 'photo')} failed, --max-failures is {self.max_failures:,}"
                f" (last: '{last.path}': {last.reason})"
            )

    def entries(
        self, results: Iterable[TaskResult[EventT]], list_failure: Callable[[Failure], None]
    ) -> Iterator[EventT | Failure]:
        """Count the results and yield what an output format takes."""
        for result in results:
            self.update(result)
            for failure in result.failures:
                list_failure(failure)
            for entry in result.entries:
                yield redacted(entry)

    def require_any_answer(self, failures: Path) -> None:
        """Raise InputError when everything that came in is listed in the file `failures`."""
        if not self.events:
            first = f"'{self.first_failures[0].path}': {self.first_failures[0].reason}"
            raise InputError(
                f"nothing could be {self.done}, all {self.failed} failures are listed in"
                f" '{failures}'; the first: {first}"
            )

    def summary(self, failures: Path, start: float) -> Summary:
        """Return the summary of a run that began at `start`, by `time.perf_counter`."""
        seconds = time.perf_counter() - start
        return Summary(
            self.events,
            self.photos,
            self.resumed,
            self.failed,
            failures,
            tuple(self.first_failures),
            seconds,
            self.truncated,
            left_out=self.left_out,
            taken_over=self.taken_over,
            gone=None if self.seen is None else self.seen.gone(),
        )
