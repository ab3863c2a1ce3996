"""`ctc inventory` and `ctc dataset`: errors are one line with the right exit code, and leave no
files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctc.cli.exit_codes import run_command
from ctc.cli.main import ctc
from ctc.images import encode_jpeg


def run(*arguments: object) -> int:
    return run_command(
        lambda: ctc.main(list(map(str, arguments)), prog_name="ctc", standalone_mode=False)
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four foxes and three hares."""
    for i in range(7):
        path = tmp_path / "photos" / ("fox" if i < 4 else "hare") / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(np.full((40, 50, 3), 30 * i, np.uint8), 90))
    return tmp_path / "photos"


@pytest.fixture
def inventory(photos: Path, tmp_path: Path) -> Path:
    assert run("inventory", "folders", photos, "--output", tmp_path / "inventory.parquet") == 0
    return tmp_path / "inventory.parquet"


def test_dataset_from_folders_inventory(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(
            "dataset",
            inventory,
            "--output",
            tmp_path / "out",
            "--split",
            "train=0.7",
            "--split",
            "test=0.3",
        )
        == 0
    )
    captured = capsys.readouterr()
    assert "train: 5 events with 5 photos in 1 file" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["inventory", "folders", "nowhere", "--output", "x.parquet"],
            2,
            "'nowhere' is not a folder",
        ),
        (["inventory", "folder", "photos", "--output", "x.parquet"], 2, "did you mean 'folders'"),
        (["inventory", "folders", "empty", "--output", "x.parquet"], 1, "holds no photos"),
        (["inventory", "folders", "photos", "--output", "inventory.parquet"], 2, "--overwrite"),
        (["dataset", "nowhere.parquet", "--output", "x"], 2, "create one with `ctc inventory`"),
        (["dataset", "photos/fox/0.jpg", "--output", "x"], 2, "is a photo, not an inventory"),
        (["dataset", "inventory.parquet", "--output", "photos"], 2, "exists already"),
        (["dataset", "inventory.parquet", "--output", "x", "--split", "train"], 2, "NAME=SHARE"),
        (
            ["dataset", "inventory.parquet", "--output", "x", "--split", "train=half"],
            2,
            "must be a number",
        ),
        (
            ["dataset", "inventory.parquet", "--output", "x", "--keep", "class=foxx"],
            2,
            "did you mean 'fox'",
        ),
        (
            ["dataset", "inventory.parquet", "--output", "x", "--image-root", "nowhere"],
            2,
            "not a folder",
        ),
    ],
)
def test_dataset_and_inventory_report_bad_input_in_one_line(
    inventory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    capsys.readouterr()
    assert run(*arguments) == code
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert sorted(tmp_path.rglob("*")) == before


def test_dataset_lists_broken_photo_and_exits_with_3(
    photos: Path, inventory: Path, tmp_path: Path
) -> None:
    (photos / "fox" / "0.jpg").write_bytes(b"\xff\xd8\xff cut")
    assert run("dataset", inventory, "--output", tmp_path / "out", "--split", "train=1") == 3
    assert "fox/0.jpg" in (tmp_path / "out" / "left_out.csv").read_text()
