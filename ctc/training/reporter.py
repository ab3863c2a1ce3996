"""Where a training tells how it goes: what the command line's console offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from ctc.training.metrics.metrics import Totals


class Advance(Protocol):
    """A progress bar."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """`done` more images are through."""

    def note(self, text: str) -> None:
        """How it goes, in a few words."""


class Narration(Protocol):
    """The console."""

    def say(self, message: str) -> None:
        """A line."""

    def warn(self, message: str) -> None:
        """A line that is never left out."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[Advance]:
        """A bar that counts `total` images."""


class Silence:
    """For hosts whose training another one tells of."""

    def say(self, message: str) -> None:
        """Nothing."""

    def warn(self, message: str) -> None:
        """Nothing."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[Advance]:  # noqa: ARG002
        """No bar."""
        return nullcontext(self)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@contextmanager
def shown(
    narration: Narration, what: str, images: int, weights: Mapping[str, float]
) -> Iterator[Callable[[int, Totals], None]]:
    """A bar for a pass over `images`; the function takes the images of each step and the totals so far, whose loss it shows beside the
    share of time spent waiting for data. `weights`: label → factor of its loss."""
    with narration.progress(what, images) as bar:

        def count(done: int, totals: Totals) -> None:
            bar.advance(done)
            bar.note(f"loss {totals.loss(weights):.3f}, waiting {totals.waited / totals.seconds:.0%}")

        yield count
