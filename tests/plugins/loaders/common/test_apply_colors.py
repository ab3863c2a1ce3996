"""Operations of RandAugment on pixels, beside Pillow's."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from ctc_plugins.loaders.common.apply_colors import apply_color_steps
from ctc_plugins.loaders.common.rand_augment import ColorStep, color_steps, operation

rng = np.random.default_rng(0)
PHOTO = np.kron(rng.integers(20, 200, (8, 10, 3)), np.ones((6, 6, 1))).astype(np.uint8)
PHOTO += rng.integers(0, 9, PHOTO.shape, np.uint8)
PILLOW = Image.fromarray(PHOTO)


def _changed(name: str, magnitude: float, sign: float = 1.0) -> np.ndarray:
    image, out = PHOTO.copy(), np.empty_like(PHOTO)
    apply_color_steps(image, color_steps(None, [operation(name, magnitude, sign)]), out)
    return out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("color", ImageEnhance.Color(PILLOW).enhance(1.72)),
        ("contrast", ImageEnhance.Contrast(PILLOW).enhance(1.72)),
        ("brightness", ImageEnhance.Brightness(PILLOW).enhance(1.72)),
        ("posterize", ImageOps.posterize(PILLOW, 5)),
        ("solarize", ImageOps.solarize(PILLOW, 52)),
        ("autocontrast", ImageOps.autocontrast(PILLOW)),
        ("equalize", ImageOps.equalize(PILLOW)),
    ],
)
def test_operation_is_that_of_pillow(name, expected) -> None:
    difference = np.abs(_changed(name, 8.0).astype(int) - np.asarray(expected))
    # equalize is OpenCV's, whose table differs a little
    assert difference.mean() < (2.5 if name == "equalize" else 0.8)
    assert np.abs(PHOTO.astype(int) - np.asarray(expected)).mean() > 3


@pytest.mark.parametrize(("sign", "factor"), [(1.0, 1.9), (-1.0, 0.1)])
def test_sharpness_is_that_of_pillow_but_at_the_edges(sign, factor) -> None:
    expected = np.asarray(ImageEnhance.Sharpness(PILLOW).enhance(factor)).astype(int)
    difference = np.abs(_changed("sharpness", 10.0, sign) - expected)[1:-1, 1:-1]
    assert difference.max() <= 2


def test_uniform_channel_is_left_alone_by_histogram_operations() -> None:
    grey = np.full((4, 5, 3), 90, np.uint8)
    for name in ("autocontrast", "equalize"):
        out = np.empty_like(grey)
        apply_color_steps(grey.copy(), [ColorStep(name, 0.0)], out)
        np.testing.assert_array_equal(out, grey)


def test_no_steps_copy_the_image() -> None:
    out = np.empty_like(PHOTO)
    apply_color_steps(PHOTO, [], out)
    np.testing.assert_array_equal(out, PHOTO)


def test_steps_in_place_give_the_same_as_into_another_image() -> None:
    given = [operation(name, 8.0, 1.0) for name in ("sharpness", "contrast", "equalize")]
    image, out = PHOTO.copy(), np.empty_like(PHOTO)
    apply_color_steps(PHOTO.copy(), color_steps(None, given), out)
    apply_color_steps(image, color_steps(None, given), image)
    np.testing.assert_array_equal(image, out)
