"""What a stage needs of whoever runs it: lines of text, warnings and progress bars."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class ProgressBar(Protocol):
    """A progress bar that is open."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Count `done` more items, `failed` of which failed."""

    def note(self, text: str) -> None:
        """Show a few words beside the bar."""


ProgressFactory = Callable[[str, int | None], AbstractContextManager[ProgressBar]]
"""Opens a bar with a description for so many items; None where the number is not known."""


class Reporter(Protocol):
    """Where a stage says how it goes; `ctc.cli.console` is one."""

    def info(self, message: str) -> None:
        """Print a line."""

    def warn(self, message: str) -> None:
        """Print a warning, which `--quiet` doesn't hide."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[ProgressBar]:
        """Open a progress bar for `total` items."""


class NullReporter:
    """A Reporter and ProgressBar that shows nothing."""

    def info(self, message: str) -> None:
        """Print nothing."""

    def warn(self, message: str) -> None:
        """Print nothing."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[ProgressBar]:  # noqa: ARG002
        """Open no bar."""
        return nullcontext(self)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Count nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""
