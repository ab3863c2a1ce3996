"""Ctrl-C and SIGTERM, held back until the training stands at a place from where it can go on."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

GRACE_SECONDS = 4.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Within the block a signal is noted in `asked`; whoever finds it there saves what is needed and calls `leave`.

    When that takes too long (a step of the network can't be interrupted), `last_words` are said and the process ends: files appear under
    their name only when they are whole, so nothing is spoilt. A second Ctrl-C leaves at once. Only the main thread can do all this;
    elsewhere nothing changes.
    """

    def __init__(self, last_words: Callable[[], None]) -> None:
        self.asked: int | None = None
        self._last_words = last_words
        self._before: dict[int, Callable[[int, FrameType | None], object] | int] = {}
        self._over = threading.Event()

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._heard, self._bell = socket.socketpair()
            self._bell.setblocking(False)
            self._bell_before = signal.set_wakeup_fd(self._bell.fileno())
            self._watch = threading.Thread(target=self._force, name="ctc-interruption", daemon=True)
            self._watch.start()
            for number in _SIGNALS:
                self._take_over(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hand_back()
        self._over.set()
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(self._bell_before)
            self._bell.close()
            self._watch.join()
            self._heard.close()

    def leave(self) -> None:
        """What the signal would have done: raise KeyboardInterrupt, or what else its handler raises."""
        self._hand_back()
        signal.raise_signal(self.asked or signal.SIGINT)

    def _take_over(self, number: int) -> None:
        before = signal.getsignal(number)
        if before is not None and before != signal.SIG_IGN:
            self._before[number] = before
            signal.signal(number, self._note)

    def _hand_back(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.asked == number == signal.SIGINT:
            self.leave()
        self.asked = self.asked or number

    def _force(self) -> None:
        """Runs in a thread of its own: Python runs signal handlers in the main thread only, and that may be busy in a library."""
        while number := self._heard.recv(1):
            if number[0] in _SIGNALS and not self._over.wait(GRACE_SECONDS):
                self._last_words()
                os._exit(128 + number[0])
