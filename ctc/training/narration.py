"""Where a training tells how it goes: what the command line's console offers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Advance(Protocol):
    """A progress bar."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """`done` more images are through."""


class Narration(Protocol):
    """The console."""

    def say(self, message: str) -> None:
        """A line."""

    def warn(self, message: str) -> None:
        """A line that is never left out."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[Advance]:
        """A bar that counts `total` images."""
