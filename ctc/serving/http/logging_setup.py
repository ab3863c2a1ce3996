"""The log on stderr: plain lines for people, or one JSON object per line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

ROOT = ""
LEVELS = {
    ROOT: logging.WARNING,
    "ctc": logging.WARNING,
    "ctc.serving": logging.INFO,
    # what they warn of is a stranger's request, which is told as one
    "uvicorn": logging.ERROR,
    "python_multipart": logging.ERROR,
}


class PlainFormatter(logging.Formatter):
    """`warning: …`, or for a request `2026-11-23T15:00:00 127.0.0.1 "GET /" 200 3.1 ms`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        if fields:
            return _escape_control_chars(_format_request(record, fields))
        begin = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        traceback = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return begin + _escape_control_chars(" ".join(record.getMessage().split())) + traceback


class JsonFormatter(logging.Formatter):
    """`time`, `level`, `message`, and whatever fields the record has."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        traceback = {"traceback": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps({**told, **_fields(record), **traceback})


@contextmanager
def log_to_stderr(as_json: bool, quiet: bool, extra_handler: logging.Handler) -> Iterator[None]:
    """Within the block all that is logged goes to stderr, with `quiet` warnings and errors only;
    and all of it to another handler."""
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(JsonFormatter() if as_json else PlainFormatter())
    shown.setLevel(logging.WARNING if quiet else logging.INFO)
    before = {
        name: (log := logging.getLogger(name), log.handlers, log.propagate, log.level)
        for name in LEVELS
    }
    for name, (log, *_) in before.items():
        log.handlers, log.propagate = ([shown, extra_handler] if name == ROOT else []), True
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
    photos = f" {fields['photos']} photo(s)" if "photos" in fields else ""
    reason = f" ({' '.join(fields['reason'].split())})" if "reason" in fields else ""
    request = f'{fields.get("client", "-")} "{fields["method"]} {fields["path"]}"'
    return f"{_timestamp(record)} {request} {fields['status']} {fields['ms']} ms{photos}{reason}"


def _escape_control_chars(line: str) -> str:
    """With escapes for what steers a terminal, as it may stand in the name of a model that a
    stranger asks for."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def _timestamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
