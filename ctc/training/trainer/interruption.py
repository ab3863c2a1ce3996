"""Handling of Ctrl-C, SIGTERM and SIGHUP: deferred until the training can save a checkpoint."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

GRACE_SECONDS = 4.0
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class InterruptHandler:
    """Defers signals in the block: they are stored in `received_signal`.

    The code in the block checks it regularly, saves what is needed and calls `reraise`. If that
    takes longer than GRACE_SECONDS (a training step can't be interrupted), `on_forced_exit` is
    called and the process exits; this damages no file, because files are written atomically. A
    second Ctrl-C raises immediately. Outside the main thread the handler does nothing.
    """

    def __init__(self, on_forced_exit: Callable[[], None]) -> None:
        self.received_signal: int | None = None
        self._on_forced_exit = on_forced_exit
        self._previous_handlers: dict[int, Callable[[int, FrameType | None], object] | int] = {}
        self._finished = threading.Event()

    def __enter__(self) -> InterruptHandler:
        if threading.current_thread() is threading.main_thread():
            self._wakeup_receiver, self._wakeup_sender = socket.socketpair()
            self._wakeup_sender.setblocking(False)
            self._previous_wakeup_fd = signal.set_wakeup_fd(self._wakeup_sender.fileno())
            self._watchdog = threading.Thread(
                target=self._force_exit, name="ctc-interruption", daemon=True
            )
            self._watchdog.start()
            for number in _SIGNALS:
                self._install_handler(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore_handlers()
        self._finished.set()
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(self._previous_wakeup_fd)
            self._wakeup_sender.close()
            self._watchdog.join()
            self._wakeup_receiver.close()

    def reraise(self) -> None:
        """Call the original handler of the signal, which raises, such as KeyboardInterrupt."""
        self._restore_handlers()
        signal.raise_signal(self.received_signal or signal.SIGINT)

    def _install_handler(self, number: int) -> None:
        before = signal.getsignal(number)
        if before is not None and before != signal.SIG_IGN:
            self._previous_handlers[number] = before
            signal.signal(number, self._on_signal)

    def _restore_handlers(self) -> None:
        while self._previous_handlers:
            signal.signal(*self._previous_handlers.popitem())

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self.received_signal == number == signal.SIGINT:
            self.reraise()
        self.received_signal = self.received_signal or number

    def _force_exit(self) -> None:
        """Exit after the grace period; runs in a separate thread.

        Python runs signal handlers in the main thread only, which may be busy in a library.
        """
        while number := self._wakeup_receiver.recv(1):
            if number[0] in _SIGNALS and not self._finished.wait(GRACE_SECONDS):
                self._on_forced_exit()
                os._exit(128 + number[0])
