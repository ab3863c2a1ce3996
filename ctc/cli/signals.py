"""Signals that end a command: Ctrl-C, SIGTERM, SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(SystemExit):
    """Raised in the main thread when SIGTERM or SIGHUP arrives.

    It is a SystemExit, so that forked workers exit without a traceback.
    """


_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""The last comes when a terminal or an ssh connection is closed; Windows lacks it."""


@contextmanager
def raise_on_signals() -> Iterator[list[int]]:
    """Let SIGTERM and SIGHUP raise Terminated within the block, and Ctrl-C KeyboardInterrupt.

    Yields the list of signals that have arrived. After the first, the others are ignored, so that
    none stops the clean-up (programs such as `timeout` send two), but for a second Ctrl-C after
    the first. Signals that are ignored, as with `nohup`, stay so. No effect outside the main
    thread.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        for other in before:
            if not (other == number == signal.SIGINT):
                signal.signal(other, signal.SIG_IGN)
        raise interruption(number)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {
        number: handler
        for number in numbers
        if (handler := signal.getsignal(number)) not in (signal.SIG_IGN, None)
    }
    for number in before:
        signal.signal(number, handle)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interruption(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated(128 + number)
