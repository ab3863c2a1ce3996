"""Messages of commands: data to stdout, narration to stderr, everything to the JSON log.

This module is the `ctc.reporting.Reporter` of the command line: it has `info`, `warn` and
`progress`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from ctc.cli.console.control_characters import escape_controls
from ctc.cli.console.json_log import JsonLog
from ctc.cli.console.progress import LoggedProgress
from ctc.errors import reason
from ctc.reporting import NullReporter, ProgressBar
from ctc.storage.urls import redact, redact_urls


@dataclass
class _Verbosity:
    quiet: bool = False
    verbose: bool = False


_verbosity = _Verbosity()
_json_log = JsonLog()


def set_verbosity(*, quiet: bool | None = None, verbose: bool | None = None) -> None:
    """Set `--quiet` and `--verbose`; None leaves the value unchanged."""
    _verbosity.quiet = _verbosity.quiet if quiet is None else quiet
    _verbosity.verbose = _verbosity.verbose if verbose is None else verbose


def verbosity_options() -> list[str]:
    """Return the options that give another `ctc` call the same verbosity."""
    return ["--quiet"] * _verbosity.quiet + ["--verbose"] * _verbosity.verbose


def open_json_log(path: Path, arguments: list[str]) -> None:
    """Write all messages to the file at `path` from now on."""
    _json_log.open(path, [redact_urls(argument) for argument in arguments])


def close_json_log(exit_code: int) -> None:
    """Write the last line of the log, and close it."""
    _json_log.end(exit_code)


def log_exception(exception: Exception) -> None:
    """Write to the log the traceback that Python prints on stderr."""
    import traceback

    _write_log("error", text="".join(traceback.format_exception(exception)).rstrip())


def echo_json(value: Any) -> None:
    """Print `value` on stdout as indented JSON."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def info(message: str) -> None:
    """Print a line on stderr, unless `--quiet` is set."""
    _write_log("message", text=message.strip())
    if not _verbosity.quiet:
        _print_line(message)


def debug(message: str) -> None:
    """Print a line on stderr if `--verbose` is set."""
    _write_log("detail", text=message)
    if _verbosity.verbose:
        _print_line(message)


def warn(message: str) -> None:
    """Print a warning on stderr as one line, always."""
    line = _one_line(message)
    _write_log("warning", text=line)
    _print_line(f"warning: {line}")


def error(message: str) -> None:
    """Print the reason why the command fails on stderr, as one line."""
    line = _one_line(message)
    _write_log("error", text=line)
    _print_line(f"error: {line}")


def _one_line(message: str) -> str:
    """Return the message without line breaks; blanks inside a value stay, so it can be copied."""
    return " ".join(line.strip() for line in message.splitlines() if line.strip())


def open_closed_streams() -> None:
    """Let closed standard streams (`2>&-`) lead to the null device, as if nobody listened.

    Otherwise the next file that is opened would get their number, and with it our messages.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (open until the end)
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)


def _print_line(message: str) -> None:
    """Print a line on stderr; a stderr that can't be written does not end the command."""
    try:
        click.echo(escape_controls(redact_urls(message)), err=True)
    except OSError as error:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the end)
        _write_log("warning", text=f"stderr can't be written: {reason(error)}")


@contextmanager
def progress(what: str, total: int | None) -> Iterator[ProgressBar]:
    """Open a progress bar with rate, remaining time and failures; shown on a terminal only."""
    with _open_bar(what, total) as bar:
        logged = LoggedProgress(bar, what, total, partial(_write_log, "progress"))
        try:
            yield logged
        finally:
            logged.log()


@contextmanager
def _open_bar(description: str, total: int | None) -> Iterator[ProgressBar]:
    if _verbosity.quiet or not sys.stderr.isatty():
        yield NullReporter()
        return
    from ctc.cli.console.progress_bar import progress_bar

    with progress_bar(description, total) as bar:
        yield bar


def _write_log(kind: str, **values: object) -> None:
    shown = {name: redact(value) for name, value in values.items()}
    try:
        _json_log.write(kind, **shown)
    except OSError as error:
        _json_log.close()
        warn(f"can't write the log any more: {reason(error)}")


class JsonLogHandler(logging.Handler):
    """A logging handler that writes every record to the JSON log.

    The message of a record with `fields` is the kind of the line, and the fields are its values.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
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
        show = info if record.levelno < logging.WARNING else warn
        show(record.getMessage())


_console_handler = _ConsoleHandler(logging.INFO)


def forward_logging() -> None:
    """Print on stderr what the packages below `ctc` log, such as a plugin that was skipped."""
    log = logging.getLogger("ctc")
    log.setLevel(logging.INFO)
    log.addHandler(_console_handler)
    log.propagate = False
