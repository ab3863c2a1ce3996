"""What commands say: data on stdout, narration on stderr, progress only on a terminal; all of it in the log, when there is one."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import click

from ctc.cli.console.json_log import JsonLog

LOGGED_SECONDS = 10.0
"""Between two lines of the log about one progress."""


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
_log = JsonLog()


def set_verbosity(*, quiet: bool | None = None, verbose: bool | None = None) -> None:
    """None leaves it as it is."""
    _verbosity.quiet = _verbosity.quiet if quiet is None else quiet
    _verbosity.verbose = _verbosity.verbose if verbose is None else verbose


def verbosity() -> list[str]:
    """The options that make another `ctc` call as talkative as this one."""
    return ["--quiet"] * _verbosity.quiet + ["--verbose"] * _verbosity.verbose


def log_to(path: Path, arguments: list[str]) -> None:
    """From now on everything that is told goes to this file as well."""
    _log.open(path, arguments)


def end_log(exit_code: int) -> None:
    """The command has come to its end."""
    _log.end(exit_code)


def log_bug(error: Exception) -> None:
    """What Python shows on stderr goes to the log as well."""
    import traceback

    _record("error", text="".join(traceback.format_exception(error)).rstrip())


def say(message: str) -> None:
    """A line of narration; not with --quiet."""
    _record("message", text=message.strip())
    if not _verbosity.quiet:
        click.echo(message, err=True)


def detail(message: str) -> None:
    """A line that only --verbose shows."""
    _record("detail", text=message)
    if _verbosity.verbose:
        click.echo(message, err=True)


def warn(message: str) -> None:
    """A warning, always shown, one line."""
    line = " ".join(message.split())
    _record("warning", text=line)
    click.echo(f"warning: {line}", err=True)


def tell_error(message: str) -> None:
    """Why the command ends, one line."""
    line = " ".join(message.split())
    _record("error", text=line)
    click.echo(f"error: {line}", err=True)


def _record(kind: str, **values: object) -> None:
    try:
        _log.write(kind, **values)
    except OSError as error:
        _log.close()
        warn(f"the log goes no further: {(error.strerror or str(error)).lower()}")


class LogRelay(logging.Handler):
    """What is logged goes into the log file, whatever is shown. A record with `fields` is an event: its message is its kind."""

    def emit(self, record: logging.LogRecord) -> None:
        if fields := getattr(record, "fields", None):
            _record(record.getMessage(), **fields)
            return
        kind = "message" if record.levelno < logging.WARNING else record.levelname.lower()
        traceback = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
        _record(kind, text=record.getMessage() + traceback)


class _LogToLines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell = say if record.levelno < logging.WARNING else warn
        tell(record.getMessage())


_relay = _LogToLines(logging.INFO)


def relay_log() -> None:
    """What the stages and the seam log (shards are fetched, a plugin was skipped) becomes a line on stderr."""
    log = logging.getLogger("ctc")
    log.setLevel(logging.INFO)
    log.addHandler(_relay)
    log.propagate = False


class _Silent:
    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Nothing is shown when stderr is not a terminal."""

    def note(self, text: str) -> None:
        """Nor this."""


@dataclass
class _Logged:
    """Also writes into the log how far it is, now and then."""

    shown: Progress
    what: str
    total: int | None
    done: int = 0
    failed: int = 0
    text: str = ""
    written: float = field(default_factory=time.monotonic)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self.shown.advance(done, failed)
        self.done, self.failed = self.done + done, self.failed + failed
        if time.monotonic() - self.written >= LOGGED_SECONDS:
            self.write()

    def note(self, text: str) -> None:
        self.shown.note(text)
        self.text = text

    def write(self) -> None:
        self.written = time.monotonic()
        _record("progress", what=self.what, done=self.done, total=self.total, failed=self.failed, note=self.text)


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """A bar with rate, time left and failures on a terminal; nothing elsewhere."""
    with _shown(what, total) as bar:
        logged = _Logged(bar, what, total)
        try:
            yield logged
        finally:
            logged.write()


@contextmanager
def _shown(what: str, total: int | None) -> Iterator[Progress]:
    if _verbosity.quiet or not sys.stderr.isatty():
        yield _Silent()
        return
    from ctc.cli.console.progress_bar import rich_bar

    with rich_bar(what, total) as bar:
        yield bar
