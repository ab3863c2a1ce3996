"""Probes: functions that run in their own process, which may crash, hang or print."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib import import_module
from typing import Any

from ctc.doctor.finding import error_text
from ctc.errors import CtcError

RESULT_KEY, ERROR_KEY = "found", "failed"


class ProbeError(CtcError):
    """A probe raised an exception, crashed or timed out."""


def run_probe(probe: str, *arguments: str, timeout: float) -> Any:
    """Call the function `probe`, written 'module:name', in a new process and return its result.

    Raises ProbeError when it raises, when the process crashes, and when it takes longer than
    `timeout` seconds.
    """
    command = [sys.executable, "-P", "-m", "ctc.doctor.probe", probe, *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise ProbeError(f"no result within {timeout:.0f} s") from None
    last_line = done.stdout.splitlines()[-1:]
    if done.returncode or not last_line:
        raise ProbeError(_crash_message(done))
    response = json.loads(last_line[0])
    if ERROR_KEY in response:
        raise ProbeError(response[ERROR_KEY])
    return response[RESULT_KEY]


def child_main(probe: str, *arguments: str) -> None:
    """Run a probe in the new process; the last line of stdout is its result."""
    module, _, name = probe.partition(":")
    try:
        response = {RESULT_KEY: getattr(import_module(module), name)(*arguments)}
    except Exception as error:
        response = {ERROR_KEY: error_text(error)}
    print(f"\n{json.dumps(response)}", flush=True)


def _crash_message(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else "it printed nothing"
    return f"its process {_describe_exit(done.returncode)}: {last}"


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


if __name__ == "__main__":
    child_main(*sys.argv[1:])
