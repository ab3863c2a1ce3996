"""What a task gets to know about a photo besides the network's answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.inference.events.event import Event
from ctc.inference.pipeline.inputs import model_inputs
from ctc.inference.task import PhotoInfo


@pytest.fixture
def info(tmp_path: Path) -> Callable[..., PhotoInfo]:
    """A function from the size of a photo and the resize to what is known about it."""

    def fill(width: int, height: int, resize: str, orientation: int = 1) -> PhotoInfo:
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x010F], exif[0x0110] = "Acme", "Acme C1"
        path = tmp_path / "photo.jpg"
        Image.new("RGB", (width, height), (255, 0, 0)).save(path, exif=exif)
        (made,) = model_inputs([Event("e", (str(path),))], stacked=False)
        slot = np.zeros((64, 96, 3), np.uint8)
        (found,) = made.fill(slot, Preprocessing(64, 96, resize), "fail").photos
        if found.region:
            top, left, rows, columns = found.region
            inside = slot[top : top + rows, left : left + columns]
            assert (inside[..., 0] > 200).all()
            assert (inside[..., 1] < 60).all()
            assert (slot == 114).all(axis=2).sum() == 64 * 96 - rows * columns
        return found

    return fill


@pytest.mark.parametrize(
    ("width", "height", "region"),
    [(480, 320, (0, 0, 64, 96)), (320, 320, (0, 16, 64, 64)), (960, 96, (27, 0, 10, 96))],
)
def test_region_is_where_a_letterboxed_photo_is(info, width, height, region) -> None:
    found = info(width, height, "letterbox")
    assert (found.region, found.size) == (region, (height, width))


def test_region_and_size_are_those_of_the_upright_photo(info) -> None:
    found = info(640, 320, "letterbox", orientation=6)
    assert (found.region, found.size) == ((0, 32, 64, 32), (640, 320))


@pytest.mark.parametrize("resize", ["stretch", "fit-crop"])
def test_photo_that_fills_the_input_has_no_region(info, resize) -> None:
    found = info(640, 320, resize)
    assert (found.region, found.camera) == (None, "Acme C1")
