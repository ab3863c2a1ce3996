"""Random erasing, without pixels: which box of each image is filled with one random colour.

Zhong et al. 2020, Random Erasing Data Augmentation (https://arxiv.org/abs/1708.04896), with their
ranges: the box has 0.02 to 0.4 of the area, its height is 0.3 to 1 / 0.3 of its width, and it lies
anywhere within the image; a box that is too large is drawn again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

AREA = (0.02, 0.4)
ASPECT = (0.3, 1 / 0.3)
ATTEMPTS = 20
"""Boxes that are drawn; one in twelve does not fit into a square."""

_STREAM = 0x5245  # keeps these random numbers apart from those of `random_draws`


class Erasure(NamedTuple):
    """A box in pixels, and the colour (R, G, B) that fills it, 0–255."""

    top: int
    left: int
    height: int
    width: int
    color: tuple[int, int, int]


def random_erasures(
    probability: float,
    size: tuple[int, int],
    key: tuple[int, int, int, int],
    samples: int,
) -> list[Erasure | None]:
    """Return the box of each image of a batch, None where nothing is erased.

    `size`: (height, width). `key`: seed, epoch, step and reader, on which the boxes depend.
    """
    rng = np.random.default_rng([*key, _STREAM])
    chance, down, right, *color = rng.random((samples, 6)).T
    areas, aspects = np.moveaxis(rng.random((samples, ATTEMPTS, 2)), 2, 0)
    area = size[0] * size[1] * _lerp(areas, *AREA)
    aspect = _lerp(aspects, *ASPECT)
    heights = np.maximum(1, np.rint(np.sqrt(area * aspect)))
    widths = np.maximum(1, np.rint(np.sqrt(area / aspect)))
    fits = (heights < size[0]) & (widths < size[1])
    chosen = np.arange(samples), np.argmax(fits, axis=1)
    sides = np.stack([heights[chosen], widths[chosen]], axis=1)
    starts = np.floor(np.stack([down, right], axis=1) * (np.array(size) - sides + 1))
    erased = (chance < probability) & fits[chosen]
    boxes = np.concatenate([starts, sides], axis=1).astype(np.int64).tolist()
    colors = (np.stack(color, axis=1) * 256).astype(np.int64).tolist()
    return [
        Erasure(top, left, height, width, (red, green, blue)) if wanted else None
        for wanted, (top, left, height, width), (red, green, blue) in zip(
            erased.tolist(), boxes, colors, strict=True
        )
    ]


def _lerp(draws: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + draws * (high - low)
