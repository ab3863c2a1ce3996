"""`ctc --help` comes at once."""

from __future__ import annotations

import runpy
from pathlib import Path


def test_help_takes_at_most_two_and_a_half_times_as_long_as_importing_click() -> None:
    startup = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "startup.py"))
    medians = startup["measure"](runs=7)
    assert medians["ctc --help"] <= startup["GOAL"] * medians['python -c "import click"']
