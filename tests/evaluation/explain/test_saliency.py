"""Overlay of a heat map."""

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


def test_overlay_heatmap_is_brightest_at_the_maximum() -> None:
    falls = occlusion_map(by_corner, picture(), "species", 0)
    shown = overlay_heatmap(np.full((64, 96, 3), 100, np.uint8), falls).astype(int).sum(axis=2)
    assert shown[16, 24] > shown[50, 80]


def test_overlay_heatmap_of_zeros_is_dark() -> None:
    shown = overlay_heatmap(picture(), np.zeros((64, 96), np.float32))
    assert (shown[40:] == shown[40, 0]).all()
