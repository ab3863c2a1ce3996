"""Checks in a process of their own: what they start may crash it, hang, or print, and takes the
time to load."""

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
    """Why a probe found nothing."""


def run_probe(probe: str, *arguments: str, timeout: float) -> Any:
    """What the function `probe`, as 'module:name', returns in a process of its own, given these
    texts.

    Raises ProbeError when it raises, when the process crashes, and when it takes more than so many
    seconds."""
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
        raise ProbeError(f"no answer within {timeout:.0f} s") from None
    said = done.stdout.splitlines()[-1:]
    if done.returncode or not said:
        raise ProbeError(_crash_message(done))
    answered = json.loads(said[0])
    if ERROR_KEY in answered:
        raise ProbeError(answered[ERROR_KEY])
    return answered[RESULT_KEY]


def child_main(probe: str, *arguments: str) -> None:
    """The other side. Whatever the probe prints, the last line is the answer."""
    module, _, name = probe.partition(":")
    try:
        answered = {RESULT_KEY: getattr(import_module(module), name)(*arguments)}
    except Exception as error:
        answered = {ERROR_KEY: error_text(error)}
    print(f"\n{json.dumps(answered)}", flush=True)


def _crash_message(done: subprocess.CompletedProcess[str]) -> str:
    said = (
        [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
    )[-1]
    return f"its process {_describe_exit(done.returncode)}: {said}"


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"left with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


if __name__ == "__main__":
    child_main(*sys.argv[1:])
