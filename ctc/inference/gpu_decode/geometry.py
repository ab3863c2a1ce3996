"""How a decoded photo becomes the input of a network, in the numbers that DALI's operators take.

The steps are those of `ctc.images`: halve the photo as often as libjpeg-turbo would while decoding
(`decode_size`), then resize the photo, or the part that `fit-crop` shows, linearly or by area. DALI
has no resampling by area: a linear one to a power of two times the size, and halving that, is near.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ctc.artifacts.model.preprocessing import Preprocessing
from ctc.images.decode import decode_size
from ctc.images.metadata.photo_header import PhotoHeader
from ctc.images.resize import (
    center_crop_box,
    letterbox_box,
    min_decode_size,
    resizes_by_area,
)

MAX_HALVINGS = MAX_REDUCTIONS = 3
Size = tuple[int, int]


class InputGeometry(NamedTuple):
    """From one upright photo to an input; sizes are (height, width).

    `halvings`: how often the photo is halved; `sizes`: after each halving, (MAX_HALVINGS, 2).
    `start`, `end`: of the part of the halved photo that is shown, in its pixels. `shown`: its size
    in the input. For that it is resized to 2 to the power of `reductions` times the height, and
    times the width, and they are halved as often. `region`: (top, left, height, width) of a
    letterboxed photo in the input, else None.
    """

    halvings: int
    sizes: tuple[Size, ...]
    start: Size
    end: Size
    shown: Size
    reductions: Size
    region: tuple[int, int, int, int] | None = None


def input_geometry(header: PhotoHeader, preprocessing: Preprocessing) -> InputGeometry:
    """Return the geometry of a photo for a network."""
    target = preprocessing.height, preprocessing.width
    photo = header.height, header.width
    if header.orientation >= 5:
        photo = photo[::-1]
    small = decode_size(photo, min_decode_size(preprocessing))
    sizes = [_halved(photo, times) for times in range(MAX_HALVINGS + 1)]
    top, left, height, width = 0, 0, *small
    region = None
    if preprocessing.resize == "fit-crop":
        top, left, height, width = center_crop_box(*small, target[0] / target[1])
    elif preprocessing.resize == "letterbox":
        region = letterbox_box(*small, *target)
    shown = region[2:] if region else target
    return InputGeometry(
        sizes.index(small),
        tuple(sizes[1:]),
        (top, left),
        (top + height, left + width),
        shown,
        _reductions((height, width), shown),
        region,
    )


def geometry_arrays(geometries: Sequence[InputGeometry], has_border: bool) -> tuple[Any, ...]:
    """Return the geometries of a batch field by field, as the operators take them.

    With `has_border` the last one is the anchor of the input in the resized photo, which is
    negative where the input has a border.
    """
    halvings, sizes, starts, ends, shown, reductions, regions = zip(*geometries, strict=True)
    # (N, MAX_REDUCTIONS + 1, 2): how often a side is still to be halved after each halving
    left = np.maximum(0, np.array(reductions)[:, None] - np.arange(MAX_REDUCTIONS + 1)[:, None])
    arrays = (
        np.array(halvings, np.int32),
        np.array(sizes, np.float32),
        np.array(starts, np.float32),
        np.array(ends, np.float32),
        np.array(reductions, np.int32).max(axis=1),
        (np.array(shown)[:, None] << left).astype(np.float32),
    )
    if not has_border:
        return arrays
    anchors = [(-region[0], -region[1]) if region else (0, 0) for region in regions]
    return (*arrays, np.array(anchors, np.int32))


def _reductions(old: Size, new: Size) -> Size:
    """Return how often to halve height and width after a linear resize.

    It then shrinks a side by 0.75 to 1.5, and neither skips pixels nor blurs them much.
    """
    if not resizes_by_area(old, new):
        return 0, 0
    height, width = (
        min(MAX_REDUCTIONS, max(0, math.ceil(math.log2(before / after / 1.5))))
        for before, after in zip(old, new, strict=True)
    )
    return height, width


def _halved(size: Size, times: int) -> Size:
    return -(-size[0] // 2**times), -(-size[1] // 2**times)
