"""The start-up benchmark; its results are in benchmarks/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.prediction import startup


@pytest.mark.subprocess
@pytest.mark.slow
def test_startup_benchmark_measures_help_and_click(tmp_path: Path) -> None:
    environment = startup.with_byte_code(tmp_path)
    medians = startup.measure(startup.COMMANDS, 1, environment)
    assert {"ctc --help", 'python -c "import click"'} <= set(medians)
    assert all(taken.wall > 0 for taken in medians.values())
    assert list(tmp_path.rglob("ctc/cli/main.*.pyc"))
