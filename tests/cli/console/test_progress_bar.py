"""The progress bar, on a pseudo-terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress

import pytest

pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9]")
pytestmark = pytest.mark.subprocess
BAR = """
from ctc.cli.console.console import progress, set_verbosity
set_verbosity(quiet={quiet}, verbose=False)
with progress("predict", 100) as bar:
    bar.advance(50, failed=2)
"""


def on_a_terminal(quiet: bool = False, **environ: str) -> str:
    """Return what the bar writes to a terminal."""
    ours, theirs = pty.openpty()
    code = BAR.format(quiet=quiet)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "CI", "FORCE_COLOR")
    }
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", "COLUMNS": "100", **environ},
    ):
        os.close(theirs)
        return read_all(ours)


def read_all(descriptor: int) -> str:
    text = b""
    # an OSError is how Linux says that nobody writes any more
    with os.fdopen(descriptor, "rb", buffering=0) as terminal, suppress(OSError):
        while part := terminal.read(4096):
            text += part
    return text.decode()


def test_progress_bar_shows_description_count_and_failures() -> None:
    written = on_a_terminal()
    assert "predict" in written
    assert "50" in written
    assert "2 failed" in written


def test_progress_bar_has_colours() -> None:
    assert COLOR.search(on_a_terminal())


def test_progress_bar_without_colours_under_no_color() -> None:
    assert not COLOR.search(on_a_terminal(NO_COLOR="1"))


def test_progress_bar_hidden_with_quiet() -> None:
    assert on_a_terminal(quiet=True) == ""
