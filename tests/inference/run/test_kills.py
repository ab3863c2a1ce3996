"""Runs that are killed while they put their files in place, and the same command afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ctc.cli.main import run

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL"),
]

KILLED = """
import os, signal, sys
from ctc.cli import main

left = int(sys.argv.pop(1))


def killing(function):
    def call(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return call


for name in ("replace", "rename", "unlink", "rmdir"):
    setattr(os, name, killing(getattr(os, name)))
main()
"""
"""Kills itself before its n-th change of a name: n is the first argument."""
MAX_CHANGES = 40


def run_killed(change: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(change), "predict", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def contents(folder: Path) -> dict[str, bytes]:
    """Return everything below the folder, by path; of a link where it leads."""
    return {
        str(path.relative_to(folder)): (
            os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def photos(draw) -> Path:
    for name in ("a.png", "b.png"):
        draw(f"photos/{name}")
    draw("photos/broken.png").write_bytes(b"no photo")
    return draw("photos/c.png").parent


@pytest.mark.parametrize(
    "options",
    [
        ["p.csv"],
        ["p.parquet"],
        ["p", "--format", "folders"],
        ["p.csv", "--shard", "1/2"],
    ],
    ids=" ".join,
)
def test_same_command_finishes_a_run_killed_at_any_change_of_a_name(
    model, photos, tmp_path, options
) -> None:
    name, *others = options
    code = predict(model, photos, "--output", tmp_path / "whole" / name, *others)
    expected = contents(tmp_path / "whole")
    for change in range(1, MAX_CHANGES):
        folder = tmp_path / "killed" / str(change)
        arguments = [model, photos, "--output", folder / name, *others]
        killed = run_killed(change, *arguments)
        if killed.returncode == code:
            assert change > 1
            return
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert predict(*arguments) == code
        assert contents(folder).keys() == expected.keys()
        # a part file holds the time at which the run began
        assert "--shard" in others or contents(folder) == expected
    pytest.fail("it changes names without an end")
