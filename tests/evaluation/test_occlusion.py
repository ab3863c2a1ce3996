"""Occlusion maps: what an answer hangs on is found."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.explain.occlusion import occlusion_map
from ctc.evaluation.explain.saliency import overlay_heatmap


def by_corner(images):
    """The brightness of the upper left quarter."""
    corner = images[:, :32, :48].mean(axis=(1, 2, 3)) / 255
    return {"species": np.stack([corner, 1 - corner], axis=1).astype(np.float32)}


def picture():
    image = np.zeros((64, 96, 3), np.uint8)
    image[8:24, 12:36] = 255
    return image


def test_covering_what_counts_lowers_the_probability() -> None:
    falls = occlusion_map(by_corner, picture(), "species", 0)
    assert falls.shape == (64, 96)
    assert falls[16, 24] > 5 * abs(falls[50, 80])
    assert np.unravel_index(falls.argmax(), falls.shape)[0] < 32


def test_for_the_other_class_the_same_part_counts_against_it() -> None:
    assert occlusion_map(by_corner, picture(), "species", 1)[16, 24] < 0


def test_a_picture_smaller_than_the_grid_works() -> None:
    assert occlusion_map(by_corner, picture()[:5, :7], "species", 0).shape == (5, 7)


def test_the_overlay_is_brightest_where_it_counts() -> None:
    falls = occlusion_map(by_corner, picture(), "species", 0)
    shown = overlay_heatmap(np.full((64, 96, 3), 100, np.uint8), falls).astype(int).sum(axis=2)
    assert shown[16, 24] > shown[50, 80]


def test_a_picture_on_which_nothing_counts_is_dark_all_over() -> None:
    shown = overlay_heatmap(picture(), np.zeros((64, 96), np.float32))
    assert (shown[40:] == shown[40, 0]).all()
