"""Control characters in names: visible on a terminal, unchanged in files and pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ctc.cli.console.control_characters import escape_controls

TITLE, RED, CLEAR = "\x1b]0;title\x07", "\x1b[31m", "\x1b[2J"
CTC = [sys.executable, "-c", "from ctc.cli import main; main()"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Füchsin 狐 a\tb\nc", "Füchsin 狐 a\tb\nc"),
        (f"a{TITLE}b", r"a\x1b]0;title\x07b"),
        ("a\rb\x9bc\x7f", r"a\rb\x9bc\x7f"),
        ("fox\u202egpj.exe", r"fox\u202egpj.exe"),
        ("می‌خواهم", "می‌خواهم"),
    ],
)
def test_escape_controls_shows_what_acts_on_a_terminal(text: str, shown: str) -> None:
    assert escape_controls(text) == shown


def on_terminal(*arguments: object) -> bytes:
    """Return all that a command writes to its terminal, which is stdout and stderr."""
    pty = pytest.importorskip("pty", reason="needs a system with pseudo terminals")
    ours, its = pty.openpty()
    command = [*CTC, *map(str, arguments)]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        written = b""
        try:
            while part := os.read(ours, 65536):
                written += part
        except OSError:  # Linux reports the end so
            pass
        os.close(ours)
    assert process.returncode in (0, 1, 2, 3)
    return written


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of two class folders whose names, as those of their photos, hold escapes."""
    for name in (f"fox{TITLE}", f"wolf{RED}"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        Image.new("RGB", (20, 20)).save(folder / f"a{CLEAR}.jpg")
        (folder / f"bad{CLEAR}.jpg").write_bytes(b"no photo")
    return tmp_path / "photos"


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs pseudo terminals")
def test_names_never_act_on_the_terminal(photos, red_model, tmp_path) -> None:
    inventory = tmp_path / "i.parquet"
    written = b"".join(
        [
            on_terminal("inventory", "folders", photos, "--output", inventory),
            on_terminal("inventory", "show", inventory),
            on_terminal("predict", red_model, photos, "--output", tmp_path / "o.csv"),
            on_terminal("inventory", "show", f"{TITLE}.parquet"),
            on_terminal(TITLE),
        ]
    )
    for text in (TITLE, CLEAR, f"wolf{RED}"):
        assert text.encode() not in written
        assert escape_controls(text).encode() in written


@pytest.mark.subprocess
def test_names_are_unchanged_in_a_pipe(photos, tmp_path) -> None:
    inventory = tmp_path / "i.parquet"
    subprocess.run(
        [*CTC, "inventory", "folders", photos, "--output", inventory], check=True, timeout=300
    )
    shown = subprocess.run(
        [*CTC, "inventory", "show", inventory], check=True, capture_output=True, timeout=300
    )
    assert f"wolf{RED}".encode() in shown.stdout
