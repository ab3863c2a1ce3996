"""The log of the server on stderr: plain lines for people, or one JSON object per line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from ctc.reporting import counted
from ctc.storage.json_lines import json_line

ROOT = ""
LEVELS = {
    ROOT: logging.WARNING,
    "ctc": logging.WARNING,
    "ctc.serving": logging.INFO,
    # their warnings are about requests, which the access log has
    "uvicorn": logging.ERROR,
    "python_multipart": logging.ERROR,
}


class PlainFormatter(logging.Formatter):
    """`warning: …`, or for a request `2026-11-23T15:00:00 127.0.0.1 "GET /" 200 3.1 ms`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        if fields:
            return _escape_control_chars(_format_request(record, fields))
        prefix = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        traceback = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return prefix + _escape_control_chars(" ".join(record.getMessage().split())) + traceback


class JsonFormatter(logging.Formatter):
    """An object with `time`, `level`, `message`, the fields of the record, and `traceback`.

    Characters outside ASCII are escaped: some of them control terminals.
    """

    def format(self, record: logging.LogRecord) -> str:
        values = {"level": record.levelname.lower(), "message": record.getMessage()}
        traceback = {"traceback": self.formatException(record.exc_info)} if record.exc_info else {}
        return json_line({**values, **_fields(record), **traceback}, record.created)


@contextmanager
def log_to_stderr(as_json: bool, quiet: bool, extra_handler: logging.Handler) -> Iterator[None]:
    """Within the block, write the log to stderr and pass every record to `extra_handler`.

    With `quiet`, stderr gets warnings and errors only.
    """
    stderr_handler = logging.StreamHandler(sys.stderr)
    stderr_handler.setFormatter(JsonFormatter() if as_json else PlainFormatter())
    stderr_handler.setLevel(logging.WARNING if quiet else logging.INFO)
    before = {
        name: (log := logging.getLogger(name), log.handlers, log.propagate, log.level)
        for name in LEVELS
    }
    for name, (log, *_) in before.items():
        log.handlers = [stderr_handler, extra_handler] if name == ROOT else []
        log.propagate = True
        log.setLevel(LEVELS[name])
    try:
        yield
    finally:
        for log, handlers, propagate, level in before.values():
            log.handlers, log.propagate = handlers, propagate
            log.setLevel(level)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, "fields", {})


def _format_request(record: logging.LogRecord, fields: dict[str, Any]) -> str:
    photos = f" {counted(fields['photos'], 'photo')}" if "photos" in fields else ""
    reason = f" ({' '.join(fields['reason'].split())})" if "reason" in fields else ""
    request = f'{fields.get("client", "-")} "{fields["method"]} {fields["path"]}"'
    result = f"{fields['status']} {fields['ms']} ms"
    return f"{_local_time(record)} {request} {result}{photos}{reason}"


def _escape_control_chars(line: str) -> str:
    """Escape characters that control a terminal: clients choose parts of the messages."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def _local_time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
