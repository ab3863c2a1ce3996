"""`ctc detect --format crops`: a folder per category."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ctc.cli.main import run


def detect(*arguments: object) -> int:
    return run(["detect", *map(str, arguments)])


@pytest.fixture
def photos(draw_photo) -> Path:
    draw_photo("a/0.jpg", (640, 480), (100, 50, 200, 150))
    draw_photo("a/1.jpg", (640, 480))
    return draw_photo("b/2.jpg", (480, 640), (200, 300, 300, 400)).parent.parent


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_detect_command_writes_a_crop_per_box(detector, photos, tmp_path) -> None:
    output = tmp_path / "crops"
    assert detect(detector, photos, "--output", output, "--format", "crops") == 0
    assert list(files(output)) == ["_failed.csv", "animal/a__0-box1.jpg", "animal/b__2-box1.jpg"]
    with Image.open(output / "animal" / "a__0-box1.jpg") as crop:
        assert crop.size == (120, 120)


def test_crops_of_merged_shards_are_the_same_bytes(detector, photos, tmp_path) -> None:
    whole, merged, part = tmp_path / "whole", tmp_path / "merged", tmp_path / "boxes"
    assert detect(detector, photos, "--output", whole, "--format", "crops") == 0
    command = (detector, photos, "--output", part, "--format", "crops")
    assert [detect(*command, "--shard", shard) for shard in ("1/2", "2/2")] == [0, 0]
    parts = [str(tmp_path / f"boxes.part-{number}-of-2") for number in (1, 2)]
    assert run(["merge", *parts, "--output", str(merged), "--format", "crops"]) == 0
    assert files(merged) == files(whole)


def test_crops_are_never_written_among_photos(detector, photos, capsys) -> None:
    output = photos / "crops"
    assert detect(detector, photos, "--output", output, "--format", "crops") == 2
    assert "is inside the input folder" in capsys.readouterr().err
    assert not output.exists()


def test_repeats_get_no_crop(detector, photos, draw_photo, tmp_path) -> None:
    draw_photo("a/3.jpg", (640, 480), (100, 50, 200, 150))
    boxes, found, output = (tmp_path / name for name in ("boxes.json", "repeats", "crops"))
    assert detect(detector, photos, "--output", boxes) == 0
    search = ("repeats", boxes, "--image-root", photos, "--output", found, "--min-photos", 2)
    assert detect(*search) == 0
    command = ("--repeats", found / "repeats.json", "--output", output, "--format", "crops")
    assert detect(detector, photos, *command) == 0
    assert list(files(output)) == ["_failed.csv", "animal/b__2-box1.jpg"]
