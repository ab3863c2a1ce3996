"""`ctc dataset preview`: the grid of photos without augmentation, and the effect of each option."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc
from ctc.dataset.preview import GAP, HEADER

OFF = ["--color", "none", "--crop", "0", "--zoom", "0", "--rotate", "0", "--no-flip"]
SIZE = 40


def run(*arguments: object) -> int:
    return run_command(
        lambda: ctc.main(list(map(str, arguments)), prog_name="ctc", standalone_mode=False)
    )


def cells(path: Path) -> np.ndarray:
    """(rows, columns, height, width, 3)."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture, dtype=int)[HEADER:, GAP:]
    step = SIZE + GAP
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    grid = pixels.reshape(rows, step, columns, step, 3).transpose(0, 2, 1, 3, 4)
    return grid[:, :, :SIZE, :SIZE]


def grid(folder: Path, tmp_path: Path, *options: str) -> np.ndarray:
    output = tmp_path / "grid.png"
    sizes = ["--rows", 3, "--columns", 4, "--size", SIZE, "--overwrite"]
    assert run("dataset", "preview", folder, "--output", output, *sizes, *options) == 0
    return cells(output)


@pytest.mark.parametrize(
    "loader", ["turbo", pytest.param("tfdata", marks=[pytest.mark.tensorflow, pytest.mark.slow])]
)
def test_preview_without_augmentation_repeats_the_photo(
    tiny_dataset, tmp_path: Path, loader: str
) -> None:
    shown = grid(tiny_dataset().folder, tmp_path, "--loader", loader, *OFF)
    assert shown.shape == (3, 5, SIZE, SIZE, 3)
    assert np.abs(shown - shown[:, :1]).mean() < 1
    assert np.abs(shown[0] - shown[1]).mean() > 5


@pytest.mark.parametrize(
    "option",
    [["--color", "little"], ["--crop", "0.4"], ["--rotate", "90"], ["--zoom", "0.4"], ["--flip"]],
)
def test_preview_shows_each_augmentation(tiny_dataset, tmp_path: Path, option: list[str]) -> None:
    shown = grid(tiny_dataset().folder, tmp_path, *OFF, *option)
    assert np.abs(shown[:, 1:] - shown[:, :1]).mean() > 2


def test_preview_stack_shows_stacked_photos(tiny_dataset, tmp_path: Path) -> None:
    folder = tiny_dataset().folder
    assert np.abs(grid(folder, tmp_path, "--stack", *OFF) - grid(folder, tmp_path, *OFF)).mean() > 5


def test_preview_keeps_existing_output_without_overwrite(
    tiny_dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "grid.png").write_text("mine")
    assert run("dataset", "preview", tiny_dataset().folder, "--output", tmp_path / "grid.png") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "grid.png").read_text() == "mine"
