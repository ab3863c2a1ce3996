"""`ctc inventory` and `ctc dataset`: errors are one line with the right exit code, and leave no
files."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from ctc.artifacts.dataset import Dataset
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


def test_dataset_hints_can_be_copied_into_a_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Red  Fox", "O'Brien's fox", "hare", "hare 2"):
        path = tmp_path / "photos" / name / "1.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_jpeg(np.full((40, 50, 3), 90, np.uint8), 90))
    inventory = tmp_path / "i.parquet"
    assert run("inventory", "folders", tmp_path / "photos", "--output", inventory) == 0
    splits = ["--split", "train=0.5", "--split", "test=0.5"]
    assert run("dataset", inventory, "--output", tmp_path / "one", *splits) == 0
    hints = [
        line.partition("--remove ")[2]
        for line in capsys.readouterr().err.splitlines()
        if "has a single event" in line
    ]
    removed = [word for hint in hints if "hare" not in hint for word in shlex.split(hint)]
    assert removed == ["class=O'Brien's fox", "class=Red  Fox"]
    options = [word for one in removed for word in ("--remove", one)]
    assert run("dataset", inventory, "--output", tmp_path / "two", *splits, *options) == 0
    assert Dataset.read(tmp_path / "two").label("class").classes == ("hare", "hare 2")


def test_dataset_names_the_nearest_class_with_its_blanks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "photos" / "Red  Fox" / "1.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(encode_jpeg(np.full((40, 50, 3), 90, np.uint8), 90))
    inventory = tmp_path / "i.parquet"
    assert run("inventory", "folders", tmp_path / "photos", "--output", inventory) == 0
    arguments = ["dataset", inventory, "--output", tmp_path / "one", "--remove", "class=Red Fox"]
    assert run(*arguments) == 2
    assert "'Red Fox': did you mean 'Red  Fox'?" in capsys.readouterr().err
