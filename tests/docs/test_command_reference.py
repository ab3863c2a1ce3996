"""The page of commands is what they say with --help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.subprocess, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[2]
WRITER = CHECKOUT / ".ci" / "reference.py"
PRINT = "import runpy, sys; sys.stdout.buffer.write(runpy.run_path(sys.argv[1])['page']().encode())"


def test_command_reference_equals_help() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT, WRITER], capture_output=True, check=True)
    held = (CHECKOUT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert held == done.stdout.decode(), (
        "docs/reference/commands.md is not what the commands say: run `make reference`"
    )
