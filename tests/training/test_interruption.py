from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ctc.training.trainer.interruption import InterruptHandler

STUCK = """
import time
from ctc.training import interruption
interruption.GRACE_SECONDS = 0.1
with interruption.Interruption(lambda: print("last words", flush=True)):
    print("ready", flush=True)
    time.sleep(600)
"""


def test_a_signal_is_noted_until_leaving():
    with InterruptHandler(lambda: None) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.received_signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            interruption.reraise()


def test_the_second_ctrl_c_leaves_at_once():
    with InterruptHandler(lambda: None):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_what_was_there_before_comes_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with InterruptHandler(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with InterruptHandler(lambda: None) as interruption:
            signal.raise_signal(signal.SIGINT)
            assert interruption.received_signal is None
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_process_that_is_stuck_ends_all_the_same(number, code):
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    said, _ = process.communicate()
    assert (process.returncode, said) == (code, "last words\n")
