"""Where a training tells how it goes: what the command line's console offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from ctc.training.metrics.metrics import MetricSums


class ProgressBar(Protocol):
    """A progress bar."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """`done` more images are through."""

    def note(self, text: str) -> None:
        """How it goes, in a few words."""


class Reporter(Protocol):
    """The console."""

    def info(self, message: str) -> None:
        """A line."""

    def warn(self, message: str) -> None:
        """A line that is never left out."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[ProgressBar]:
        """A bar that counts `total` images."""


class NullReporter:
    """For hosts whose training another one tells of."""

    def info(self, message: str) -> None:
        """Nothing."""

    def warn(self, message: str) -> None:
        """Nothing."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[ProgressBar]:  # noqa: ARG002
        """No bar."""
        return nullcontext(self)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@contextmanager
def batch_progress(
    reporter: Reporter, description: str, images: int, label_weights: Mapping[str, float]
) -> Iterator[Callable[[int, MetricSums], None]]:
    """A bar for a pass over `images`; the function takes the images of each step and the totals so
    far, whose loss it shows beside the share of time spent waiting for data. `label_weights`: label
    → factor of its loss."""
    with reporter.progress(description, images) as bar:

        def count(done: int, totals: MetricSums) -> None:
            bar.advance(done)
            bar.note(
                f"loss {totals.loss(label_weights):.3f}, waiting {totals.waited / totals.seconds:.0%}"
            )

        yield count
