"""What the layouts share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import RawBoxes

Floats = NDArray[np.float32]


def best_categories(
    boxes: Floats, scores: Floats, min_score: float, scale: tuple[float, float] = (1, 1)
) -> RawBoxes:
    """Return each box with its best category, without those below `min_score`.

    `boxes`: (K, 4), centre x, centre y, width, height, times `scale` (x, y) in pixels of the input.
    `scores`: (K, categories).
    """
    categories = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), categories]
    kept = (best >= min_score) & np.isfinite(boxes).all(axis=1)
    return RawBoxes(
        to_corners(boxes[kept], scale),
        best[kept].astype(np.float32),
        categories[kept].astype(np.int64),
    )


def named_categories(
    corners: Floats, scores: Floats, categories: Floats, min_score: float
) -> RawBoxes:
    """Return the boxes of at least `min_score`; `corners`: (K, 4), in pixels of the input."""
    kept = (scores >= min_score) & np.isfinite(categories) & np.isfinite(corners).all(axis=1)
    return RawBoxes(
        corners[kept].astype(np.float32),
        scores[kept].astype(np.float32),
        np.rint(categories[kept]).astype(np.int64),
    )


def to_corners(boxes: Floats, scale: tuple[float, float] = (1, 1)) -> Floats:
    """Return (K, 4) of left, top, right, bottom for centre x, centre y, width, height."""
    centers, halves = boxes[:, :2], boxes[:, 2:4] / 2
    corners = np.concatenate([centers - halves, centers + halves], axis=1)
    return np.asarray(corners * np.array([*scale, *scale], np.float32), np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(−logits)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(logits / 2)), np.float32)
