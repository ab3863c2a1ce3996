from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_clips import write_clip
from PIL import Image

from ctc.artifacts.boxes import Box
from ctc.artifacts.predictions import Failure
from ctc.images.crop_folders import BoxedPhoto, ClassBox, write_crop_folders

LEFT, RIGHT = Box(0.1, 0.25, 0.2, 0.5), Box(0.75, 0.5, 0.25, 0.25)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """200 × 100 pixels, whose red is the column and green the row."""
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.arange(200), np.arange(100)[:, None]
    path = tmp_path / "photos" / "a" / "1.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(pixels).save(path)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def pixel(path: Path, x: int, y: int) -> tuple[int, int]:
    """The column and the row of the photo that a crop shows at a place."""
    with Image.open(path) as crop:
        red, green, _ = crop.getpixel((x, y))
    return red, green


def write(photo: Path, output: Path, boxes: tuple[ClassBox, ...], **more: float) -> Path:
    shown = [BoxedPhoto(str(photo), boxes)]
    write_crop_folders(shown, output, photo.parent.parent, ["fox", "Fox"], **more)
    return output


def test_write_crop_folders_numbers_the_boxes_of_a_photo(photo, tmp_path) -> None:
    boxes = ClassBox(LEFT, 1, ("fox",)), ClassBox(RIGHT, 3, ("Fox",))
    output = write(photo, tmp_path / "crops", boxes)
    assert names(output) == ["Fox-2/a__1-box3.jpg", "fox/a__1-box1.jpg"]


def test_write_crop_folders_names_the_frame_of_a_clip(tmp_path) -> None:
    write_clip(tmp_path / "a.mp4", 20)
    shown = [
        BoxedPhoto(f"{tmp_path}/a.mp4#t={t}", (ClassBox(LEFT, 1, ("fox",)),)) for t in (0, 1.5)
    ]
    write_crop_folders(shown, tmp_path / "crops", tmp_path, ["fox"])
    assert names(tmp_path / "crops") == ["fox/a.mp4#t=0-box1.jpg", "fox/a.mp4#t=1.5-box1.jpg"]


def test_write_crop_folders_puts_a_box_into_each_of_its_classes(photo, tmp_path) -> None:
    output = write(photo, tmp_path / "crops", (ClassBox(LEFT, 1, ("fox", "hare")),))
    assert names(output) == ["fox/a__1-box1.jpg", "hare/a__1-box1.jpg"]


@pytest.mark.parametrize(
    ("margin", "side", "corner"), [(0.0, 50, (15, 25)), (0.1, 60, (10, 20)), (0.5, 100, (0, 0))]
)
def test_write_crop_folders_cuts_squares_with_the_margin(
    photo, tmp_path, margin, side, corner
) -> None:
    output = write(photo, tmp_path / "crops", (ClassBox(LEFT, 1, ("fox",)),), margin=margin)
    crop = output / "fox" / "a__1-box1.jpg"
    with Image.open(crop) as image:
        assert image.size == (side, side)
    assert pixel(crop, side // 2, side // 2) == pytest.approx(
        (corner[0] + side // 2, corner[1] + side // 2), abs=3
    )


def test_write_crop_folders_gives_the_same_bytes_again(photo, tmp_path) -> None:
    boxes = (ClassBox(LEFT, 1, ("fox",)),)
    first, second = (write(photo, tmp_path / name, boxes) for name in ("one", "two"))
    crop = "fox/a__1-box1.jpg"
    assert (first / crop).read_bytes() == (second / crop).read_bytes()


def test_write_crop_folders_lists_failures_in_order(photo, tmp_path) -> None:
    broken = photo.with_name("2.jpg")
    broken.write_bytes(b"\xff\xd8\xff")
    shown = [
        Failure("before.jpg", "no such file"),
        BoxedPhoto(str(broken), (ClassBox(LEFT, 1, ("fox",)),)),
        BoxedPhoto(str(photo), ()),
        Failure("after.jpg", "no such file"),
    ]
    write_crop_folders(shown, tmp_path / "crops", photo.parent, ["fox"])
    lines = (tmp_path / "crops" / "_failed.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "path", "before.jpg", str(broken), "after.jpg"
    ]  # fmt: skip
    assert names(tmp_path / "crops") == []
