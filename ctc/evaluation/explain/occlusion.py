"""Occlusion maps: saliency from covering parts of a photo; needs only the model file.

Zeiler & Fergus 2014, https://arxiv.org/abs/1311.2901, section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.score_split import PredictFn
from ctc.images.decode import Pixels

GRID = 16
"""Steps of the cover along each side; the cover is two steps high and wide."""
BATCH = 32

Rectangle = tuple[int, int, int, int]


def occlusion_map(
    predict: PredictFn, image: Pixels, label: str, class_index: int
) -> NDArray[np.float32]:
    """Return the mean drop in the probability of a class when a pixel is covered.

    `image` is uint8 (height, width, 3), the result float32 (height, width), negative where the
    probability rises.
    """
    height, width = image.shape[:2]
    uncovered = float(predict(image[None])[label][0, class_index])
    drop, count = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    rectangles = list(_occlusion_rectangles(height, width))
    colour = image.mean(axis=(0, 1)).astype(np.uint8)
    for start in range(0, len(rectangles), BATCH):
        batch = rectangles[start : start + BATCH]
        covered = np.stack([_occlude(image, rectangle, colour) for rectangle in batch])
        for (top, left, bottom, right), probability in zip(
            batch, predict(covered)[label][:, class_index], strict=True
        ):
            drop[top:bottom, left:right] += uncovered - probability
            count[top:bottom, left:right] += 1
    return drop / count


def _occlusion_rectangles(height: int, width: int) -> Iterator[Rectangle]:
    """Yield (top, left, bottom, right); each pixel is in at least one rectangle."""
    rows, columns = (_bounds(side) for side in (height, width))
    for (top, bottom), (left, right) in product(rows, columns):
        yield top, left, bottom, right


def _bounds(side: int) -> list[tuple[int, int]]:
    steps = min(GRID, side)
    edges = np.linspace(0, side, steps + 1).astype(int).tolist()
    return [(edges[max(0, step - 1)], edges[step + 1]) for step in range(steps)]


def _occlude(image: Pixels, rectangle: Rectangle, colour: NDArray[np.uint8]) -> Pixels:
    top, left, bottom, right = rectangle
    changed = image.copy()
    changed[top:bottom, left:right] = colour
    return changed
