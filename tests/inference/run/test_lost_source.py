"""A folder of photos that goes away during a run, and too many failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctc.cli.main import run
from ctc.inference.journal import journal


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments), "--threads", "1", "--batch-size", "1"])


@pytest.fixture
def disk(draw) -> Path:
    for number in range(60):
        draw(f"disk/cam{number // 30}/{number:02}.png", (4 * number, 0, 255 - 4 * number))
    return draw("disk/cam0/00.png").parents[1]


@pytest.fixture
def leaves_after(monkeypatch):
    """A function that moves a folder away when the journal has `count` results."""

    def arrange(folder: Path, count: int) -> None:
        append = journal.Journal.append

        def append_and_move(self, result) -> None:
            append(self, result)
            if self.completed == count:
                folder.rename(folder.with_name("away"))

        monkeypatch.setattr(journal.Journal, "append", append_and_move)

    return arrange


def table(path: Path, disk: Path) -> list[object]:
    rows = [f"{photo.stem},{photo}\n" for photo in sorted(disk.rglob("*.png"))]
    path.write_text("id,image\n" + "".join(rows))
    return [path, "--event-id", "id", "--image", "image"]


@pytest.mark.parametrize("is_table", [False, True])
def test_predict_ends_when_its_disk_goes_away_and_goes_on_later(
    model, disk, tmp_path, capsys, leaves_after, monkeypatch, is_table: bool
) -> None:
    source = table(tmp_path / "e.csv", disk) if is_table else [disk]
    assert predict(model, *source, "--output", tmp_path / "whole.csv") == 0
    output = tmp_path / "out" / "p.csv"
    with monkeypatch.context():
        leaves_after(disk, 20)
        assert predict(model, *source, "--output", output) == 1
    *_, hint, error = capsys.readouterr().err.splitlines()
    kept = f"{output}.journal"
    assert hint == f"progress saved in '{kept}': run the same command again to resume"
    assert f"folder '{disk}' is gone (no such file or directory)" in error
    assert [path.name for path in output.parent.iterdir()] == ["p.csv.journal"]
    monkeypatch.undo()
    if is_table:  # nobody has connected the disk yet: its photos are still no failures
        assert predict(model, *source, "--output", output) == 1
        assert [path.name for path in output.parent.iterdir()] == ["p.csv.journal"]
    disk.with_name("away").rename(disk)
    assert predict(model, *source, "--output", output) == 0
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_predict_max_failures_ends_the_run_and_tries_these_photos_again(
    model, disk, tmp_path, capsys
) -> None:
    late = sorted((disk / "cam1").iterdir())[:20]
    contents = [path.read_bytes() for path in late]
    for path in late:
        path.write_bytes(b"")
    output = tmp_path / "out" / "p.csv"
    options = [model, disk, "--output", output, "--max-failures", 9]
    assert predict(*options) == 1
    assert "10 photos failed, --max-failures is 9 (last: '" in capsys.readouterr().err
    for path, content in zip(late, contents, strict=True):
        path.write_bytes(content)
    assert predict(*options) == 0
    assert [path.name for path in output.parent.iterdir()] == ["p.csv"]


def test_predict_max_failures_allows_as_many(model, disk, tmp_path) -> None:
    for path in list((disk / "cam0").iterdir())[:9]:
        path.write_bytes(b"")
    options = ["--output", tmp_path / "p.csv", "--max-failures", 9]
    assert predict(model, disk, *options) == 3
