"""Occlusion maps."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.explain.occlusion import occlusion_map


def by_corner(images):
    """The brightness of the upper left quarter."""
    corner = images[:, :32, :48].mean(axis=(1, 2, 3)) / 255
    return {"species": np.stack([corner, 1 - corner], axis=1).astype(np.float32)}


def picture():
    image = np.zeros((64, 96, 3), np.uint8)
    image[8:24, 12:36] = 255
    return image


def test_occlusion_map_is_highest_at_the_supporting_part() -> None:
    falls = occlusion_map(by_corner, picture(), "species", 0)
    assert falls.shape == (64, 96)
    assert falls[16, 24] > 5 * abs(falls[50, 80])
    assert np.unravel_index(falls.argmax(), falls.shape)[0] < 32


def test_occlusion_map_is_negative_for_the_other_class() -> None:
    assert occlusion_map(by_corner, picture(), "species", 1)[16, 24] < 0


def test_occlusion_map_of_image_smaller_than_the_grid() -> None:
    assert occlusion_map(by_corner, picture()[:5, :7], "species", 0).shape == (5, 7)
