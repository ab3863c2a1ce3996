"""Runs whose files may not grow any more, as on a full disk: the message names the file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctc.cli.main import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")

LIMIT = 4_000
"""Bytes: the header of a journal fits, and not the rest."""


@contextmanager
def files_limited(size: int) -> Iterator[None]:
    """Files may not become larger than `size` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def photos(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """A folder of 60 photos."""
    for number in range(60):
        draw(f"photos/{number:03}.png", (4 * number, 0, 255))
    return tmp_path / "photos"


@pytest.fixture
def network(
    tmp_path: Path, model: Path, write_bright_detector: Callable[..., Path]
) -> dict[str, Path]:
    """The file that each command takes."""
    return {"predict": model, "detect": write_bright_detector(tmp_path / "bright.onnx")}


@pytest.mark.parametrize("command", ["predict", "detect"])
def test_full_disk_under_the_journal_is_told_with_its_name(
    command, network, photos, tmp_path, capsys
) -> None:
    output, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    arguments = [command, str(network[command]), str(photos), "--output"]
    with files_limited(LIMIT):
        assert run([*arguments, str(output)]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (
        f"error: '{output}.journal' can't be written: file too large; raise the limit of this disk"
        " or user (`ulimit -f`), or choose another --output"
    )
    assert not output.exists()
    assert run([*arguments, str(output)]) == run([*arguments, str(whole)]) == 0
    assert output.read_bytes() == whole.read_bytes()


def test_full_disk_from_the_start_leaves_no_journal(network, photos, tmp_path, capsys) -> None:
    arguments = ["predict", network["predict"], photos, "--output", tmp_path / "out.csv"]
    with files_limited(100):
        assert run([*map(str, arguments)]) == 1
    assert "progress saved" not in capsys.readouterr().err
    assert not list(tmp_path.glob("out.csv*"))


@pytest.mark.parametrize("command", ["predict", "detect"])
def test_full_disk_under_the_output_is_told_with_its_name(
    command, network, photos, tmp_path, capsys
) -> None:
    """`ctc merge` writes it without a journal."""
    output = tmp_path / "out.json"
    arguments = [command, str(network[command]), str(photos), "--output", str(output)]
    assert run([*arguments, "--shard", "1/1"]) == 0
    part = tmp_path / "out.json.part-1-of-1"
    with files_limited(LIMIT):
        assert run(["merge", str(part), "--output", str(output)]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"error: '{output}' can't be written: file too large; ")
    assert not output.exists()


def test_full_disk_under_the_answers_is_told_with_its_name(model, photos, tmp_path, capsys) -> None:
    """`--update` keeps them; an engine and `ctc merge` write them last."""
    output, answers = tmp_path / "out.csv", tmp_path / "out.csv.answers"
    update = ["predict", model, photos, "--output", output, "--update", output]
    command = [*map(str, update), "--engine", "local"]
    whole = [*map(str, update[:3]), "--output", str(tmp_path / "whole.csv")]
    assert run(whole) == 0
    size = (tmp_path / "whole.csv").stat().st_size
    with files_limited(size + 1):
        assert run(command) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"error: '{answers}' can't be written: file too large; ")
    assert not list(tmp_path.glob(".out*"))
    assert run(command) == 0
    assert answers.stat().st_size > size
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()
