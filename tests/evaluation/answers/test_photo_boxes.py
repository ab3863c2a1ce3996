"""The boxes of photos in prediction files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ctc.artifacts.boxes import Box
from ctc.cli.main import run
from ctc.errors import InputError
from ctc.evaluation.answers.photo_boxes import read_photo_boxes


@pytest.fixture
def predict(tmp_path: Path, write_bright_detector: Callable[..., Path], model: Path):
    """A function that predicts a photo with a box and one without."""
    detector = write_bright_detector(tmp_path / "bright.onnx", (320, 320))
    for name in ("seen.png", "empty.png"):
        photo = Image.new("RGB", (640, 480), (40, 60, 40))
        if name == "seen.png":
            ImageDraw.Draw(photo).rectangle((160, 120, 319, 359), fill=(250, 250, 250))
        (tmp_path / "photos").mkdir(exist_ok=True)
        photo.save(tmp_path / "photos" / name)

    def write(name: str, *options: str) -> Path:
        output = tmp_path / name
        photos = str(tmp_path / "photos")
        arguments = [str(model), photos, "--detector", str(detector), "--output", str(output)]
        assert run(["predict", *arguments, *options]) == 0
        return output

    return write


@pytest.mark.parametrize(
    ("name", "options"), [("p.csv", ["--per-box"]), ("p.parquet", ["--per-box"]), ("p.json", [])]
)
def test_read_photo_boxes_returns_those_of_photos(name, options, predict, tmp_path) -> None:
    output = predict(name, *options)
    seen, empty = (str(tmp_path / "photos" / photo) for photo in ("seen.png", "empty.png"))
    found = read_photo_boxes(output, {seen, empty})
    assert list(found) == [seen]
    (box,) = found[seen]
    assert (box.x, box.y, box.width, box.height) == pytest.approx((0.25, 0.25, 0.25, 0.5), abs=1e-4)
    assert read_photo_boxes(output, {empty}) == {}


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_read_photo_boxes_finds_none_in_rows_per_event(name, predict, tmp_path) -> None:
    assert read_photo_boxes(predict(name), {str(tmp_path / "photos" / "seen.png")}) == {}


def test_read_photo_boxes_returns_a_box_of_two_labels_once(tmp_path) -> None:
    path = tmp_path / "p.csv"
    row = ["a.jpg", "0.1", "0.2", "0.3", "0.4"]
    header = "path,box_x,box_y,box_width,box_height"
    path.write_text("\n".join([header, *[",".join(row)] * 2]) + "\n")
    assert read_photo_boxes(path, ["a.jpg"]) == {"a.jpg": (Box(0.1, 0.2, 0.3, 0.4),)}


@pytest.mark.parametrize("bbox", [None, [1, 2, 3], ["a", 0, 0, 0], [0, 0, 1, float("nan")]])
def test_read_photo_boxes_refuses_what_is_no_box(bbox, tmp_path) -> None:
    path = tmp_path / "p.json"
    images = [{"path": "a.jpg", "boxes": [{"bbox": bbox}]}]
    path.write_text('{\n"e": ' + json.dumps({"images": images}) + "\n}\n")
    with pytest.raises(InputError, match=r"photo 'a\.jpg' has a box that is not four numbers"):
        read_photo_boxes(path, ["a.jpg"])
