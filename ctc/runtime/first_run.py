"""Open a session and run it once, in a thread that can be stopped.

A network may hold a loop without end, and constants that take very long to compute. So the main
thread only waits: signals reach it at once, and it tells onnxruntime to stop.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

from ctc.errors import InputError

if TYPE_CHECKING:
    import onnxruntime

T = TypeVar("T")

TIMEOUT = 120.0
"""Seconds that a network may take for one empty photo; the largest ones take about ten."""
STOP_SECONDS = 5.0
"""Seconds to wait for a thread that was told to stop; onnxruntime takes milliseconds."""


def open_and_run(
    path: Path,
    open_session: Callable[[], onnxruntime.InferenceSession],
    settings: onnxruntime.SessionOptions,
    empty_input: Callable[[], NDArray[Any]],
) -> onnxruntime.InferenceSession:
    """Return the session that `open_session` opens with `settings`, after one run of it.

    `empty_input`: returns a batch of one empty photo; called once the session is open. Opening may
    take minutes (a provider compiles), a run TIMEOUT seconds at most. Raises InputError for a
    network that doesn't answer by then, and whatever the opening or the run raises.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    session = run_stoppable(open_session, lambda: settings.set_load_cancellation_flag(True))

    def run() -> None:
        session.run(None, {session.get_inputs()[0].name: empty_input()}, options)

    def stop() -> None:
        options.terminate = True

    try:
        run_stoppable(run, stop, TIMEOUT)
    except TimeoutError:
        raise InputError(
            f"model '{path}' can't be used: it gave no answer for an empty photo within "
            f"{TIMEOUT:g} s: does its network hold a loop without end?"
        ) from None
    return session


def run_stoppable(
    work: Callable[[], T], stop: Callable[[], None], seconds: float | None = None
) -> T:
    """Return what `work` returns, run in a daemon thread.

    `stop` is called when this thread is interrupted or the process ends; after `seconds` it is
    called, and TimeoutError raised.
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    thread = threading.Thread(target=run, name="ctc-first-run", daemon=True)

    def abandon() -> None:
        stop()
        thread.join(STOP_SECONDS)

    thread.start()
    atexit.register(abandon)
    try:
        return result.result(seconds)
    except BaseException:
        if not result.done():
            abandon()
        raise
    finally:
        atexit.unregister(abandon)
