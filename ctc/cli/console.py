"""What commands say: data on stdout, narration on stderr, progress only on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import click


class Progress(Protocol):
    """How a stage tells how far it is."""

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """`done` more items are through, `failed` of them failed."""

    def note(self, text: str) -> None:
        """How it goes, in a few words beside the bar."""


@dataclass
class _Verbosity:
    quiet: bool = False
    verbose: bool = False


_verbosity = _Verbosity()


def set_verbosity(*, quiet: bool, verbose: bool) -> None:
    _verbosity.quiet, _verbosity.verbose = quiet, verbose


def verbosity() -> list[str]:
    """The options that make another `ctc` call as talkative as this one."""
    return ["--quiet"] * _verbosity.quiet + ["--verbose"] * _verbosity.verbose


def say(message: str) -> None:
    """A line of narration; not with --quiet."""
    if not _verbosity.quiet:
        click.echo(message, err=True)


def detail(message: str) -> None:
    """A line that only --verbose shows."""
    if _verbosity.verbose:
        click.echo(message, err=True)


def warn(message: str) -> None:
    """A warning, always shown, one line."""
    click.echo(f"warning: {' '.join(message.split())}", err=True)


class _LogToWarnings(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


_relay = _LogToWarnings(logging.WARNING)


def relay_log() -> None:
    """What the stages and the seam log as a warning (a plugin was skipped) becomes a line on stderr."""
    log = logging.getLogger("ctc")
    log.addHandler(_relay)
    log.propagate = False


class _Silent:
    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Nothing is shown when stderr is not a terminal."""

    def note(self, text: str) -> None:
        """Nor this."""


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """A bar with rate, time left and failures on a terminal; nothing elsewhere."""
    if _verbosity.quiet or not sys.stderr.isatty():
        yield _Silent()
        return
    from ctc.cli.bars import rich_bar

    with rich_bar(what, total) as bar:
        yield bar
