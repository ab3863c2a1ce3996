"""The start-up benchmark; its results are in benchmarks/README.md."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest


@pytest.mark.subprocess
@pytest.mark.slow
def test_startup_benchmark_measures_help_and_click() -> None:
    startup = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "startup.py"))
    medians = startup["measure"](runs=1)
    assert {"ctc --help", 'python -c "import click"'} <= set(medians)
    assert all(milliseconds > 0 for milliseconds in medians.values())
