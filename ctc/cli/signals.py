"""SIGTERM leaves as Ctrl-C does: files that are not whole are removed on the way out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

TERMINATED = 143


@contextmanager
def leave_on_sigterm() -> Iterator[None]:
    """Within the block SIGTERM raises SystemExit(143). Only the main thread can do so; elsewhere nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    click.echo("error: terminated", err=True)
    raise SystemExit(TERMINATED)
