"""Fixtures that install third-party plugins: distributions in a folder, as `pip` leaves them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

RunPython = Callable[..., subprocess.CompletedProcess[str]]
RUN_CTC = "from ctc.cli import main; main()"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The folder that plugins are installed into."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def install_into() -> Callable[[Path, str, Mapping[str, str]], None]:
    """Install version 1.2 of a distribution, given the source of each entry point.

    `install_into(site, "park-tools", {"first": source})`
    """

    def install(site: Path, distribution: str, sources: Mapping[str, str]) -> None:
        """Install into the test's own folder: `install("park-tools", first=source)`."""
        module = distribution.replace("-", "_")
        info = site / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        )
        points = "".join(f"{name} = {module}_{name}\n" for name in sources)
        (info / "entry_points.txt").write_text(f"[ctc]\n{points}")
        for name, source in sources.items():
            (site / f"{module}_{name}.py").write_text(dedent(source))

    return install


@pytest.fixture
def install(site: Path, install_into) -> Callable[..., None]:
    """The same for the test's own folder: `install("park-tools", first=source)`."""
    return lambda distribution, **sources: install_into(site, distribution, sources)


@pytest.fixture(scope="session")
def python_with() -> RunPython:
    """Run code in a fresh interpreter that sees the plugins.

    `python_with(site, code, *arguments, **environ)`
    """

    def run(
        site: Path, code: str, *arguments: str, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CTC_")}
        return subprocess.run(
            [sys.executable, "-c", dedent(code), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**kept, "PYTHONPATH": str(site), **environ},
        )

    return run


@pytest.fixture
def ctc(site: Path, python_with: RunPython) -> RunPython:
    """Run `ctc` with the installed plugins: `ctc("plugins", CTC_PLUGINS="")`."""
    return lambda *arguments, **environ: python_with(site, RUN_CTC, *arguments, **environ)


@pytest.fixture
def run_python(site: Path, python_with: RunPython) -> RunPython:
    """Run Python code with the installed plugins."""
    return lambda code, **environ: python_with(site, code, **environ)
