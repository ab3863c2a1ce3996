"""`--format folders --crops`: boxes of a detector, cut out into the folders of their classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ctc.cli.main import run

DARK, BRIGHT_RED, BRIGHT_BLUE = (40, 60, 40), (255, 230, 230), (230, 230, 255)


@pytest.fixture
def detector(tmp_path: Path, write_bright_detector: Callable[..., Path]) -> Path:
    return write_bright_detector(tmp_path / "bright.onnx", (320, 320))


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """A function that saves a photo of 640 × 480 with one bright square of 100 pixels, or none."""

    def save(name: str, color: tuple[int, int, int] | None = None, orientation: int = 1) -> Path:
        photo = Image.new("RGB", (640, 480), DARK)
        if color:
            ImageDraw.Draw(photo).rectangle((200, 160, 299, 259), fill=color)
        exif = Image.Exif()
        exif[274] = orientation
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo = photo.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else photo
        photo.save(path, quality=95, exif=exif)
        return path

    return save


@pytest.fixture
def photos(draw, tmp_path) -> Path:
    draw("north/1.jpg", BRIGHT_RED)
    draw("north__1.jpg", BRIGHT_RED)
    draw("north/2.jpg", BRIGHT_BLUE)
    draw("south/3.jpg")
    return tmp_path / "photos"


def predict(*arguments: object) -> int:
    return run(["predict", *map(str, arguments)])


def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_crops_are_in_the_folder_of_their_class(detector, model, photos, tmp_path) -> None:
    output = tmp_path / "crops"
    command = ("--detector", detector, "--format", "folders", "--crops", "--output", output)
    assert predict(model, photos, *command) == 0
    assert list(written(output)) == [
        "_failed.csv",
        "fox/north__1-box1-2.jpg",
        "fox/north__1-box1.jpg",
        "wolf/north__2-box1.jpg",
    ]


def test_crops_are_the_squares_around_the_boxes(detector, model, photos, tmp_path) -> None:
    output = tmp_path / "crops"
    command = ("--detector", detector, "--format", "folders", "--crops", "--output", output)
    assert predict(model, photos, *command) == 0
    with Image.open(output / "wolf" / "north__2-box1.jpg") as crop:
        pixels = np.asarray(crop, int)
    assert pixels.shape == (120, 120, 3)
    assert pixels[60, 60] == pytest.approx(BRIGHT_BLUE, abs=3)
    assert pixels[3, 3] == pytest.approx(DARK, abs=6)


def test_crops_of_a_turned_photo_are_upright(detector, model, draw, tmp_path) -> None:
    photo, output = draw("1.jpg", BRIGHT_RED, orientation=6), tmp_path / "crops"
    command = ("--detector", detector, "--format", "folders", "--crops", "--output", output)
    assert predict(model, photo, *command) == 0
    with Image.open(output / "fox" / "1-box1.jpg") as crop:
        assert crop.size == (120, 120)
        assert crop.getpixel((60, 60)) == pytest.approx(BRIGHT_RED, abs=3)


def test_crops_have_the_margin_that_the_model_learnt_with(
    detector, build_model, photos, tmp_path
) -> None:
    output = tmp_path / "crops"
    command = ("--detector", detector, "--format", "folders", "--crops", "--output", output)
    assert predict(build_model(crop_margin=0.5), photos, *command) == 0
    with Image.open(output / "wolf" / "north__2-box1.jpg") as crop:
        assert crop.size == (200, 200)


def test_crops_of_merged_shards_are_the_same_bytes(detector, model, photos, tmp_path) -> None:
    whole, merged, part = tmp_path / "whole", tmp_path / "merged", tmp_path / "p"
    command = (model, photos, "--detector", detector)
    assert predict(*command, "--format", "folders", "--crops", "--output", whole) == 0
    for shard in ("1/2", "2/2"):
        assert predict(*command, "--format", "folders", "--output", part, "--shard", shard) == 0
    parts = [str(tmp_path / f"p.part-{number}-of-2") for number in (1, 2)]
    merge = ["merge", *parts, "--output", str(merged), "--format", "folders", "--crops"]
    assert run(merge) == 0
    assert written(merged) == written(whole)


def test_crops_of_a_photo_that_is_gone_fail(detector, model, photos, tmp_path) -> None:
    part, output = tmp_path / "p.part-1-of-1", tmp_path / "crops"
    command = (model, photos, "--detector", detector, "--format", "folders")
    assert predict(*command, "--output", tmp_path / "p", "--shard", "1/1") == 0
    (photos / "north" / "2.jpg").unlink()
    assert run(["merge", str(part), "--output", str(output), "--format", "folders", "--crops"]) == 0
    assert list(written(output)) == [
        "_failed.csv", "fox/north__1-box1-2.jpg", "fox/north__1-box1.jpg"
    ]  # fmt: skip
    gone = photos / "north" / "2.jpg"
    assert f"{gone},no such file or directory" in (output / "_failed.csv").read_text()


def test_crops_need_a_detector(model, photos, tmp_path, capsys) -> None:
    output = tmp_path / "crops"
    assert predict(model, photos, "--format", "folders", "--crops", "--output", output) == 2
    assert "--crops needs boxes: predict with --detector" in capsys.readouterr().err
    assert not output.exists()


def test_merged_crops_need_a_detector(model, photos, tmp_path, capsys) -> None:
    part, output = tmp_path / "p.part-1-of-1", tmp_path / "crops"
    assert (
        predict(model, photos, "--output", tmp_path / "p", "--format", "csv", "--shard", "1/1") == 0
    )
    assert run(["merge", str(part), "--output", str(output), "--format", "folders", "--crops"]) == 2
    assert "--crops needs boxes" in capsys.readouterr().err
    assert not output.exists()


def test_crops_and_copies_exclude_each_other(detector, model, photos, tmp_path, capsys) -> None:
    output = tmp_path / "crops"
    command = ("--format", "folders", "--crops", "--copy", "--output", output)
    assert predict(model, photos, "--detector", detector, *command) == 2
    assert "leave out --copy or --crops" in capsys.readouterr().err


def test_crops_are_never_written_among_photos(detector, model, photos, capsys) -> None:
    command = ("--format", "folders", "--crops", "--output", photos / "crops")
    assert predict(model, photos, "--detector", detector, *command) == 2
    assert "is inside the input folder" in capsys.readouterr().err
    assert not (photos / "crops").exists()
