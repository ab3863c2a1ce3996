from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ctc.training.trainer.interruption import InterruptHandler

pytestmark = pytest.mark.tensorflow


STUCK = """
import time
from ctc.training.trainer import interruption
interruption.GRACE_SECONDS = 0.1
with interruption.InterruptHandler(lambda: print("forced exit", flush=True)):
    print("ready", flush=True)
    time.sleep(600)
"""


def test_interrupt_handler_defers_signal_until_reraise():
    with InterruptHandler(lambda: None) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.received_signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            interruption.reraise()


def test_interrupt_handler_raises_on_second_ctrl_c():
    with InterruptHandler(lambda: None):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_interrupt_handler_restores_previous_handlers():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with InterruptHandler(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_interrupt_handler_leaves_ignored_signal_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with InterruptHandler(lambda: None) as interruption:
            signal.raise_signal(signal.SIGINT)
            assert interruption.received_signal is None
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.subprocess
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupt_handler_forces_exit_of_stuck_process(number, code):
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    printed, _ = process.communicate()
    assert (process.returncode, printed) == (code, "forced exit\n")
