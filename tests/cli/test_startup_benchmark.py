"""The start-up benchmark; its results are in benchmarks/README.md."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest


@pytest.mark.subprocess
@pytest.mark.slow
def test_startup_benchmark_measures_help_and_click() -> None:
    startup = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "startup.py"))
    medians = startup["measure"](startup["COMMANDS"], runs=1)
    assert {"ctc --help", 'python -c "import click"'} <= set(medians)
    assert all(taken.wall > 0 for taken in medians.values())
