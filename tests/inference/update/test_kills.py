"""Updates that are killed or interrupted, and the same command afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from ctc.cli.main import run
from ctc.inference.config import PredictConfig
from ctc.inference.run.predict_run import prepare_run
from ctc.plugin.manager import plugins

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


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of 20 photos and one that is no photo."""
    (tmp_path / "photos").mkdir()
    draw(tmp_path / "photos", range(20))
    (tmp_path / "photos" / "broken.png").write_bytes(b"no photo")
    return tmp_path / "photos"


def draw(folder: Path, numbers: range) -> None:
    for number in numbers:
        Image.new("RGB", (24, 16), (5 * number, 0, 90)).save(folder / f"{number:02}.png")


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def output_of(folder: Path) -> dict[str, bytes]:
    """Everything in the folder but the answers, which hold the time at which the run began."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".answers"}


@pytest.mark.subprocess
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("engine", [[], ["--engine", "local"]], ids=["here", "engine"])
def test_same_command_finishes_an_update_killed_at_any_change_of_a_name(
    model, photos, tmp_path, capsys, engine: list[str]
) -> None:
    before, whole = tmp_path / "before", tmp_path / "whole"
    predict(model, photos, "--output", before / "p.csv", "--update", before / "p.csv")
    draw(photos, range(20, 30))
    (photos / "00.png").unlink()
    assert predict(model, photos, "--output", whole / "p.csv") == 3
    for change in range(1, MAX_CHANGES):
        folder = tmp_path / str(change)
        shutil.copytree(before, folder)
        output = folder / "p.csv"
        arguments = [model, photos, "--output", output, "--update", output, *engine]
        command = [sys.executable, "-c", KILLED, str(change), "predict", *map(str, arguments)]
        killed = subprocess.run(command, check=False, capture_output=True, text=True)
        if killed.returncode == 3:
            assert change > 1
            return
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert predict(*arguments) == 3
        assert output_of(folder) == output_of(whole)
        capsys.readouterr()
        assert predict(*arguments) == 3
        assert ": 1 in " in capsys.readouterr().err  # only the one that is no photo
        assert output_of(folder) == output_of(whole)
    pytest.fail("it changes names without an end")


@pytest.mark.parametrize("after", [5, 19, 24])
def test_update_resumes_to_the_same_bytes(model, photos, tmp_path, after: int) -> None:
    output, whole = tmp_path / "out" / "p.parquet", tmp_path / "whole" / "p.parquet"
    assert predict(model, photos, "--output", output, "--update", output) == 3
    draw(photos, range(15, 27))
    predict(model, photos, "--output", whole)
    left = after

    def stop(photos: int, failed: int) -> None:
        nonlocal left
        left -= photos
        if left <= 0:
            raise KeyboardInterrupt

    update = PredictConfig(model, (photos,), output, update=output)
    with suppress(KeyboardInterrupt):
        prepare_run(update, plugins()).run(stop)
    assert Path(f"{output}.journal").exists()
    summary = prepare_run(update, plugins()).run(lambda *_: None)
    assert (summary.photos, summary.taken_over, summary.gone) == (28, 20, 0)
    assert summary.resumed == max(0, after - 20)
    assert output_of(output.parent) == output_of(whole.parent)
