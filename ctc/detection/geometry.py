"""Where a photo lies in the input of a network, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box

Region = tuple[int, int, int, int]
"""(top, left, height, width) in pixels of the input that show the photo."""

MIN_SIDE = 1e-6
"""Boxes narrower or lower than this fraction of the photo are none."""


def to_fractions(corners: NDArray[np.float32], region: Region) -> NDArray[np.float64]:
    """Return corners as fractions of the photo: left, top, right, bottom, clipped to 0–1.

    `corners`: (K, 4), in pixels of the input.
    """
    top, left, height, width = region
    offset = np.array([left, top, left, top], np.float64)
    size = np.array([width, height, width, height], np.float64)
    return np.clip((corners.astype(np.float64) - offset) / size, 0, 1)


def is_box(fractions: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which corners span a box: those outside the photo don't."""
    sides = fractions[:, 2:] - fractions[:, :2]
    return np.asarray((sides >= MIN_SIDE).all(axis=1))


def to_box(fractions: NDArray[np.float64], confidence: float) -> Box:
    """Return the box between (left, top, right, bottom)."""
    left, top, right, bottom = fractions.tolist()
    return Box(left, top, right - left, bottom - top, confidence=confidence)
