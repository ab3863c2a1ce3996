"""The wheel as users get it, and environments that have it without TensorFlow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "tests" / "example_plugin"
UV = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
ONLY_WHEELS = ("--only-binary", ":all:")
Ctc = Callable[..., subprocess.CompletedProcess[str]]


MADE = {".git", ".venv", "build", "demo", "dist", "site"}
"""What a checkout holds besides its files."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution of a clean checkout, and the wheel built from it."""
    source, built = tmp_path_factory.mktemp("copy") / "source", tmp_path_factory.mktemp("dist")
    shutil.copytree(CHECKOUT, source, ignore=_made_files)
    quick = ["--installer", "uv"] if UV else []
    succeed(sys.executable, "-m", "build", *quick, "--outdir", built, source)
    return built


def _made_files(folder: str, names: list[str]) -> set[str]:
    caches = shutil.ignore_patterns(".*_cache", "__pycache__", "*.egg-info")(folder, names)
    return caches | (MADE if Path(folder) == CHECKOUT else set())


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel, built from the source distribution of a clean checkout."""
    (made,) = built.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def source_distribution(built: Path) -> Path:
    """The source distribution of a clean checkout."""
    (made,) = built.glob("*.tar.gz")
    return made


@pytest.fixture(scope="session")
def cpu(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Ctc:
    """`ctc` in a new environment with the extra `cpu`.

    It fails where one of its packages would have to be compiled.
    """
    return install(tmp_path_factory.mktemp("cpu") / "env", f"{wheel}[cpu]", *ONLY_WHEELS)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Ctc:
    """`ctc` in a new environment with the extra `data`."""
    return install(tmp_path_factory.mktemp("data") / "env", f"{wheel}[data]", *ONLY_WHEELS)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos in two class folders."""
    folder = tmp_path_factory.mktemp("photos")
    for animal, color in (("boar", (90, 60, 40)), ("fox", (220, 70, 30))):
        (folder / animal).mkdir()
        for i in range(3):
            Image.new("RGB", (80, 60 + i), color).save(folder / animal / f"{i}.jpg")
    return folder


@pytest.fixture(scope="session")
def new_environment() -> Callable[..., Ctc]:
    """The function `install`."""
    return install


@pytest.fixture(scope="session")
def uv() -> str:
    """The program uv, which the extra `test` installs."""
    assert UV
    return UV


@pytest.fixture(scope="session")
def savanna(tmp_path_factory: pytest.TempPathFactory) -> Ctc:
    """A new environment with the example plugin, installed from a copy of its sources.

    ctc and its dependencies come from the current environment.
    """
    copy, folder = (
        tmp_path_factory.mktemp("example") / "ctc-savanna",
        tmp_path_factory.mktemp("savanna") / "env",
    )
    shutil.copytree(EXAMPLE, copy)
    run = install(folder, str(copy), "--no-deps")
    (packages,) = folder.rglob("site-packages")
    (packages / "ctc.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    shutil.copytree(copy / "tests", folder / "tests")
    return run


def install(folder: Path, requirement: str, *options: object) -> Ctc:
    """Create an environment with `requirement`; return a function that runs its `ctc`."""
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if UV:
        succeed(UV, "venv", "--python", sys.executable, folder)
        succeed(UV, "pip", "install", "--python", scripts / "python", *options, requirement)
    else:
        succeed(sys.executable, "-m", "venv", folder)
        succeed(scripts / "python", "-m", "pip", "install", *options, requirement)

    def run(*arguments: object, program: str = "ctc") -> subprocess.CompletedProcess[str]:
        command = [str(scripts / program), *map(str, arguments)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=plain_environment(),
        )

    return run


def succeed(*command: object) -> None:
    """Run a command; show its output when it fails."""
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, env=plain_environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr


def plain_environment() -> dict[str, str]:
    """Return the environment without variables that point to this checkout's packages."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
