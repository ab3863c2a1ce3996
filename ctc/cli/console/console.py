"""What commands say: data on stdout, narration on stderr, progress only on a terminal; all of it in
the log, when there is one."""

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

LOG_INTERVAL_SECONDS = 10.0
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
_json_log = JsonLog()


def set_verbosity(*, quiet: bool | None = None, verbose: bool | None = None) -> None:
    """None leaves it as it is."""
    _verbosity.quiet = _verbosity.quiet if quiet is None else quiet
    _verbosity.verbose = _verbosity.verbose if verbose is None else verbose


def verbosity_options() -> list[str]:
    """The options that make another `ctc` call as talkative as this one."""
    return ["--quiet"] * _verbosity.quiet + ["--verbose"] * _verbosity.verbose


def open_json_log(path: Path, arguments: list[str]) -> None:
    """From now on everything that is told goes to this file as well."""
    _json_log.open(path, arguments)


def close_json_log(exit_code: int) -> None:
    """The command has come to its end."""
    _json_log.end(exit_code)


def log_exception(exception: Exception) -> None:
    """What Python shows on stderr goes to the log as well."""
    import traceback

    _write_log("error", text="".join(traceback.format_exception(exception)).rstrip())


def info(message: str) -> None:
    """A line of narration; not with --quiet."""
    _write_log("message", text=message.strip())
    if not _verbosity.quiet:
        click.echo(message, err=True)


def debug(message: str) -> None:
    """A line that only --verbose shows."""
    _write_log("detail", text=message)
    if _verbosity.verbose:
        click.echo(message, err=True)


def warn(message: str) -> None:
    """A warning, always shown, one line."""
    line = " ".join(message.split())
    _write_log("warning", text=line)
    click.echo(f"warning: {line}", err=True)


def error(message: str) -> None:
    """Why the command ends, one line."""
    line = " ".join(message.split())
    _write_log("error", text=line)
    click.echo(f"error: {line}", err=True)


def _write_log(kind: str, **values: object) -> None:
    try:
        _json_log.write(kind, **values)
    except OSError as error:
        _json_log.close()
        warn(f"the log goes no further: {(error.strerror or str(error)).lower()}")


class JsonLogHandler(logging.Handler):
    """What is logged goes into the log file, whatever is shown. A record with `fields` is an event:
    its message is its kind."""

    def emit(self, record: logging.LogRecord) -> None:
        if fields := getattr(record, "fields", None):
            _write_log(record.getMessage(), **fields)
            return
        kind = "message" if record.levelno < logging.WARNING else record.levelname.lower()
        traceback = (
            f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
        )
        _write_log(kind, text=record.getMessage() + traceback)


class _ConsoleHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell = info if record.levelno < logging.WARNING else warn
        tell(record.getMessage())


_console_handler = _ConsoleHandler(logging.INFO)


def forward_logging() -> None:
    """What the stages and the seam log (shards are fetched, a plugin was skipped) becomes a line on
    stderr."""
    log = logging.getLogger("ctc")
    log.setLevel(logging.INFO)
    log.addHandler(_console_handler)
    log.propagate = False


class _NullProgress:
    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Nothing is shown when stderr is not a terminal."""

    def note(self, text: str) -> None:
        """Nor this."""


@dataclass
class _LoggedProgress:
    """Also writes into the log how far it is, now and then."""

    bar: Progress
    description: str
    total: int | None
    done: int = 0
    failed: int = 0
    last_note: str = ""
    last_logged_at: float = field(default_factory=time.monotonic)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        self.bar.advance(done, failed)
        self.done, self.failed = self.done + done, self.failed + failed
        if time.monotonic() - self.last_logged_at >= LOG_INTERVAL_SECONDS:
            self.write()

    def note(self, text: str) -> None:
        self.bar.note(text)
        self.last_note = text

    def write(self) -> None:
        self.last_logged_at = time.monotonic()
        _write_log(
            "progress",
            what=self.description,
            done=self.done,
            total=self.total,
            failed=self.failed,
            note=self.last_note,
        )


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Progress]:
    """A bar with rate, time left and failures on a terminal; nothing elsewhere."""
    with _open_bar(what, total) as bar:
        logged = _LoggedProgress(bar, what, total)
        try:
            yield logged
        finally:
            logged.write()


@contextmanager
def _open_bar(description: str, total: int | None) -> Iterator[Progress]:
    if _verbosity.quiet or not sys.stderr.isatty():
        yield _NullProgress()
        return
    from ctc.cli.console.progress_bar import progress_bar

    with progress_bar(description, total) as bar:
        yield bar
