"""Interfaces through which a stage reports to its caller: messages, progress bars, counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

_LINE_BREAK = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class ProgressBar(Protocol):
    """An open progress bar."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Count `done` more items, `failed` of which failed."""

    def note(self, text: str) -> None:
        """Show a short text next to the bar."""


ProgressFactory = Callable[[str, int | None], AbstractContextManager[ProgressBar]]
"""Opens a progress bar, given its description and the number of items (None if unknown)."""


class Reporter(Protocol):
    """Receiver of the messages of a stage; `ctc.cli.console` is one."""

    def info(self, message: str) -> None:
        """Print a line."""

    def warn(self, message: str) -> None:
        """Print a warning, also with `--quiet`."""

    def progress(self, what: str, total: int | None) -> AbstractContextManager[ProgressBar]:
        """Open a progress bar for `total` items."""


class NullReporter:
    """A Reporter and ProgressBar that show nothing."""

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
        """Show no text."""


@contextmanager
def hint_if_interrupted(reporter: Reporter, hint: Callable[[], str]) -> Iterator[None]:
    """Report how to continue if a signal, such as Ctrl-C, ends the block."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        reporter.info(hint())
        raise


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return the number with its noun: '1 event', '2,000 events'."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def one_line(text: str) -> str:
    """Return a name with its line breaks as Python writes them: '\\n'."""
    return _LINE_BREAK.sub(lambda found: ascii(found[0])[1:-1], text)
