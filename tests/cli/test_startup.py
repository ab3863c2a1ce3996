"""The start-up benchmark runs; what it measures stands in benchmarks/README.md, what is imported in
test_imports.py."""

from __future__ import annotations

import runpy
from pathlib import Path


def test_the_benchmark_measures_help_beside_click() -> None:
    startup = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "startup.py"))
    medians = startup["measure"](runs=1)
    assert {"ctc --help", 'python -c "import click"'} <= set(medians)
    assert all(milliseconds > 0 for milliseconds in medians.values())
