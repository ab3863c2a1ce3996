"""The health check of the container, beside servers that run, hang and have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ctc.serving import health_check

pytestmark = pytest.mark.subprocess


@pytest.fixture
def process(model_file: Path) -> Iterator[psutil.Process]:
    """A `ctc serve` on a free port, from when it listens."""
    command = [sys.executable, "-m", "ctc", "serve", str(model_file), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr
        for line in started.stderr:
            if "serving on" in line:
                break
        yield psutil.Process(started.pid)
        if started.poll() is None:
            os.kill(started.pid, signal.SIGCONT)
            started.terminate()


def see(monkeypatch: pytest.MonkeyPatch, *processes: psutil.Process) -> None:
    """Let the check see these processes alone, not those of other tests."""
    for one in processes:
        one.info = one.as_dict(["cmdline"])
    monkeypatch.setattr("psutil.process_iter", lambda _: iter(processes))


def test_health_check_asks_the_server_that_runs(monkeypatch, process) -> None:
    see(monkeypatch, psutil.Process(), process)
    assert health_check.main() == 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows can't stop a process")
def test_health_check_fails_for_a_server_that_hangs(monkeypatch, process, capsys) -> None:
    see(monkeypatch, process)
    monkeypatch.setattr(health_check, "TIMEOUT", 0.2)
    process.suspend()
    while process.status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    assert health_check.main() == 1
    assert "does not answer: timed out" in capsys.readouterr().err
    process.resume()
    monkeypatch.setattr(health_check, "TIMEOUT", 30)
    assert health_check.main() == 0


def test_health_check_of_a_container_without_a_server(monkeypatch) -> None:
    see(monkeypatch, psutil.Process())
    assert health_check.main() == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["/opt/ctc/bin/python", "/opt/ctc/bin/ctc", "serve", "model.onnx"], True),
        (["python", "-m", "ctc", "-q", "serve", "model.onnx"], True),
        (["C:\\ctc\\Scripts\\ctc.exe", "serve", "model.onnx"], os.name == "nt"),
        (["ctc", "predict", "model.onnx", "photos"], False),
        (["serve", "ctc"], False),
        (["python", "-m", "ctc.serving.health_check"], False),
        ([], False),
    ],
)
def test_is_serve_command(words: list[str], found: bool) -> None:
    assert health_check.is_serve_command(words) is found
