"""Shrinking for records, resizing for networks, grayscale stacking."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.errors import ImageError
from ctc.images import encode_jpeg, gray_stack, min_decode_size, shrink, to_model_input
from ctc.images.resize import letterbox_box


def gradient(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * y / height, 255 * x / width, 0 * x], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "shrunk"),
    [
        ((1000, 1500), (500, 750)),
        ((1500, 1000), (750, 500)),
        ((400, 900), (400, 900)),
        ((3000, 501), (2994, 500)),
    ],
)
def test_shrink_keeps_aspect_and_never_enlarges(size, shrunk) -> None:
    assert shrink(gradient(*size), 500).shape == (*shrunk, 3)


def test_shrink_averages_pixels() -> None:
    stripes = np.zeros((600, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(shrink(stripes, 100).astype(int) - 127).max() <= 1


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((60, 80), (4, 0, 24, 32)),
        ((80, 60), (0, 4, 32, 24)),
        ((10, 10), (0, 0, 32, 32)),
        ((1, 5000), (15, 0, 1, 32)),
        ((31, 32), (0, 0, 31, 32)),
    ],
)
def test_to_model_input_letterbox_keeps_the_aspect_ratio_on_grey(size, box) -> None:
    shown = to_model_input(np.zeros((*size, 3), np.uint8), Preprocessing(32, 32, "letterbox"))
    top, left, height, width = box
    expected = np.full((32, 32, 3), 114, np.uint8)
    expected[top : top + height, left : left + width] = 0
    np.testing.assert_array_equal(shown, expected)


def test_letterbox_box_does_not_let_a_thin_photo_vanish() -> None:
    assert letterbox_box(20, 3000, 640, 640) == (310, 0, 20, 640)  # 4 pixels by its aspect ratio
    assert letterbox_box(20, 600, 640, 640) == (309, 0, 21, 640)  # as it is


def test_to_model_input_stretch_shows_whole_photo() -> None:
    image = to_model_input(gradient(100, 200), Preprocessing(50, 50))
    assert image.shape == (50, 50, 3)
    assert image[25, 0, 1] < 5
    assert image[25, -1, 1] > 249


def test_to_model_input_fit_crop_keeps_aspect_and_centre() -> None:
    image = to_model_input(gradient(100, 200), Preprocessing(50, 50, "fit-crop"))
    assert image.shape == (50, 50, 3)
    assert image[25, 0, 1] == pytest.approx(64, abs=2)
    assert image[25, -1, 1] == pytest.approx(190, abs=2)


def test_to_model_input_leaves_right_size_unchanged() -> None:
    assert np.array_equal(to_model_input(gradient(40, 60), Preprocessing(40, 60)), gradient(40, 60))


def test_to_model_input_of_one_pixel() -> None:
    assert (
        to_model_input(np.full((1, 1, 3), 7, np.uint8), Preprocessing(8, 9, "fit-crop")).tolist()
        == [[[7] * 3] * 9] * 8
    )


def test_min_decode_size_is_input_size() -> None:
    assert min_decode_size(Preprocessing(224, 300)) == (224, 300)


def test_gray_stack_repeats_last_photo() -> None:
    photos = [np.full((4, 5, 3), value, np.uint8) for value in (10, 20, 30, 40)]
    assert gray_stack(photos)[0, 0].tolist() == [10, 20, 30]
    assert gray_stack(photos[:2])[0, 0].tolist() == [10, 20, 20]
    assert gray_stack(photos[:1]).shape == (4, 5, 3)


def test_encode_jpeg_is_baseline_420() -> None:
    data = encode_jpeg(gradient(40, 60), 90)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.size, image.mode, "progressive" in image.info) == ((60, 40), "RGB", False)
        assert [layer[1:3] for layer in image.layer] == [(2, 2), (1, 1), (1, 1)]


def test_encode_jpeg_refuses_too_long_side() -> None:
    with pytest.raises(ImageError, match="65535"):
        encode_jpeg(np.zeros((1, 70_000, 3), np.uint8), 90)
