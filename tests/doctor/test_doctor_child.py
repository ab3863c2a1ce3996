"""Whatever a probe does, the asker gets an answer or a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ctc.doctor.probe import ProbeError, run_probe

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


def test_what_a_probe_returns_comes_back_whatever_it_prints() -> None:
    assert run_probe("odd_probes:sums", "1", "2", timeout=60) == {"sum": 3}


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        ("raises", "no such file or directory: '/a/b'"),
        pytest.param(
            "crashes",
            "its process was ended by SIGSEGV: it said nothing",
            marks=pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals"),
        ),
        ("leaves", "its process left with exit code 1: that was it"),
        ("missing", "module 'odd_probes' has no attribute 'missing'"),
    ],
)
def test_what_goes_wrong_is_a_reason(probe: str, reason: str) -> None:
    with pytest.raises(ProbeError) as raised:
        run_probe(f"odd_probes:{probe}", timeout=60)
    assert str(raised.value) == reason


def test_a_probe_that_hangs_is_given_up() -> None:
    with pytest.raises(ProbeError, match="no answer within 1 s"):
        run_probe("odd_probes:hangs", timeout=1)
