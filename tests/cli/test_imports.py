"""What a fresh interpreter has imported after a command: heavy packages come in where they are
used, not before."""

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
LATE = ("jax", "keras", "nvidia", "sklearn", "tensorflow", "tf2onnx", "torch")
RUN = """
import sys
from ctc.cli.main import run
code = run(sys.argv[1:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def imported_by(*arguments: str) -> set[str]:
    """The top-level packages that `ctc ARGUMENTS_KEY` imports."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=True
    )
    code, *names = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return set(names)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_group_itself_imports_nothing_heavy(option: str) -> None:
    assert imported_by(option) & set(HEAVY) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_imports_no_training_stack(name: str) -> None:
    assert imported_by(name, "--help") & set(LATE) == set()


@pytest.mark.parametrize("name", ["folders", "csv"])
def test_the_help_of_an_input_format_imports_no_training_stack(name: str) -> None:
    assert imported_by("inventory", name, "--help") & set(LATE) == set()


def test_listing_the_plugins_imports_no_training_stack() -> None:
    assert imported_by("plugins") & set(LATE) == set()


def test_this_check_sees_what_is_imported() -> None:
    assert {"numpy", "pluggy"} <= imported_by("plugins")
