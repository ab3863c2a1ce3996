"""Non-maximum suppression: of boxes that overlap, the surest remains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MAX_CANDIDATES = 5_000
"""The surest boxes of an image that are looked at."""


def suppress_overlaps(
    corners: Floats,
    scores: Floats,
    categories: NDArray[np.int64] | None,
    max_iou: float,
    max_boxes: int,
) -> NDArray[np.intp]:
    """Return the positions of the boxes that remain, the surest first, at most `max_boxes`.

    `corners`: (K, 4), left, top, right, bottom. A box goes if its intersection over union with a
    surer box that remains is above `max_iou` (0–1), and, unless `categories` is None, its category
    is the same. Of equal scores the earlier box counts as surer. At most MAX_CANDIDATES are looked
    at. The greedy algorithm of Felzenszwalb et al. 2010, as in torchvision.ops.nms.
    """
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    boxes = corners.astype(np.float64)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept: list[np.intp] = []
    while order.size and len(kept) < max_boxes:
        first, rest = order[0], order[1:]
        kept.append(first)
        inner = np.minimum(boxes[rest, 2:], boxes[first, 2:]) - np.maximum(
            boxes[rest, :2], boxes[first, :2]
        )
        shared = np.prod(np.maximum(inner, 0), axis=1)
        union = areas[rest] + areas[first] - shared
        overlaps = shared > max_iou * union
        if categories is not None:
            overlaps &= categories[rest] == categories[first]
        order = rest[~overlaps]
    return np.array(kept, np.intp)
