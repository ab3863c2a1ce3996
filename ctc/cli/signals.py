"""SIGTERM leaves as Ctrl-C does: files that are not whole are removed on the way out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(SystemExit):
    """Raised where the program stands when SIGTERM arrives; a SystemExit, so that forked workers leave without a traceback."""


@contextmanager
def leave_on_sigterm() -> Iterator[None]:
    """Within the block SIGTERM raises Terminated. Only the main thread can do so; elsewhere nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # `timeout` and the like send it twice: cleaning up goes on
    raise Terminated(128 + number)
