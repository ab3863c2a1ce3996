"""Frames as files in memory."""

from __future__ import annotations

import io
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from ctc.images import decode, oriented_size
from ctc.images.clips.frame_file import frame_pixels, frame_size, to_tiff

PIXELS = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
MOMENTS = [None, datetime(2025, 5, 4, 6, 7, 8, 500_000)]


@pytest.mark.parametrize("taken", MOMENTS)
def test_to_tiff_is_read_by_pillow(taken: datetime | None) -> None:
    with Image.open(io.BytesIO(to_tiff(PIXELS, taken))) as image:
        assert np.array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize("taken", MOMENTS)
def test_frame_pixels_are_those_of_the_frame(taken: datetime | None) -> None:
    data = to_tiff(PIXELS, taken)
    assert np.array_equal(frame_pixels(data), PIXELS)
    assert np.array_equal(decode(data), PIXELS)
    assert frame_size(data) == (30, 40)
    assert oriented_size(data) == (30, 40, True)


@pytest.mark.parametrize("taken", MOMENTS)
@pytest.mark.parametrize("change", ["cut", "longer", "bits", "size"])
def test_frame_pixels_are_of_whole_frames_alone(taken: datetime | None, change: str) -> None:
    data = bytearray(to_tiff(PIXELS, taken))
    if change == "cut":
        data = data[:-1]
    elif change == "longer":
        data.append(0)
    else:
        data[{"bits": 42, "size": 18}[change]] ^= 1
    assert frame_pixels(bytes(data)) is None
    assert frame_size(bytes(data)) is None


def test_frame_pixels_pass_over_compressed_tiffs() -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "TIFF", compression="tiff_lzw")
    assert frame_pixels(file.getvalue()) is None
    assert np.array_equal(decode(file.getvalue()), PIXELS)
