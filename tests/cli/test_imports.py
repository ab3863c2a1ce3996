"""Packages that a fresh interpreter imports for a command: heavy ones only where they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ctc.cli.registry import COMMANDS

HEAVY = (
    "PIL",
    "cv2",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "pluggy",
    "pyarrow",
    "rich",
    "tensorflow",
)
pytestmark = [pytest.mark.subprocess, pytest.mark.slow]
LATE = ("jax", "keras", "nvidia", "sklearn", "tensorflow", "tf2onnx", "torch")
RUN = """
import sys
from ctc.cli.main import run
code = run(sys.argv[1:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def imported_by(*arguments: str) -> set[str]:
    """Return the top-level packages that `ctc ARGUMENTS` imports."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=True
    )
    code, *names = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return set(names)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_group_imports_no_heavy_package(option: str) -> None:
    assert imported_by(option) & set(HEAVY) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_command_help_imports_no_training_stack(name: str) -> None:
    assert imported_by(name, "--help") & set(LATE) == set()


@pytest.mark.parametrize("name", ["folders", "csv"])
def test_input_format_help_imports_no_training_stack(name: str) -> None:
    assert imported_by("inventory", name, "--help") & set(LATE) == set()


def test_plugins_command_imports_no_training_stack() -> None:
    assert imported_by("plugins") & set(LATE) == set()


def test_imported_by_sees_imports() -> None:
    assert {"numpy", "pluggy"} <= imported_by("plugins")


def test_reading_plain_jpegs_imports_no_pillow() -> None:
    script = "import ctc.images, ctc.images.metadata.exif, sys; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == [b"False"]
