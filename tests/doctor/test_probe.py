"""Probes that return, raise, crash and hang."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctc.doctor.probe import ProbeError, run_probe

pytestmark = pytest.mark.subprocess

PROBES = """
import ctypes, os, signal, sys, time

def sums(*numbers):
    print("noise")
    os.write(1, b"more noise")
    return {"sum": sum(map(int, numbers))}

def raises():
    raise OSError(2, "No such file or directory", "/a/b")

def crashes():
    os.kill(os.getpid(), signal.SIGSEGV)

def leaves():
    sys.exit("that was it")

def hangs():
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def probes(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "odd_probes.py").write_text(PROBES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_run_probe_returns_the_result_whatever_is_printed() -> None:
    assert run_probe("odd_probes:sums", "1", "2", timeout=60) == {"sum": 3}


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("raises", "no such file or directory: '/a/b'"),
        pytest.param(
            "crashes",
            "its process was killed by SIGSEGV: it printed nothing",
            marks=pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals"),
        ),
        ("leaves", "its process exited with code 1: that was it"),
        ("missing", "module 'odd_probes' has no attribute 'missing'"),
    ],
)
def test_run_probe_raises_the_reason_of_a_failure(probe: str, reason: str) -> None:
    with pytest.raises(ProbeError) as raised:
        run_probe(f"odd_probes:{probe}", timeout=60)
    assert str(raised.value) == reason


def test_run_probe_stops_a_probe_that_hangs() -> None:
    with pytest.raises(ProbeError, match="no result within 1 s"):
        run_probe("odd_probes:hangs", timeout=1)
