"""How a decoded photo becomes the input of a network, in the numbers that DALI's operators take.

The steps are those of `ctc.images`: halve the photo as often as libjpeg-turbo would while decoding
(`decode_size`), then resize the photo, or the part that `fit-crop` shows, linearly or by area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ctc.artifacts.preprocessing import Preprocessing
from ctc.images.decode import decode_size
from ctc.images.photo_header import PhotoHeader
from ctc.images.resize import (
    center_crop_box,
    letterbox_box,
    min_decode_size,
    resizes_by_area,
)

MAX_HALVINGS = 3
Size = tuple[int, int]


class InputGeometry(NamedTuple):
    """From one upright photo to an input; sizes are (height, width).

    `halvings`: how often the photo is halved; `sizes`: after each halving, (MAX_HALVINGS, 2).
    `start`, `end`: of the part of the halved photo that is shown, in its pixels. `shown`: its size
    in the input. `by_area`: see `resizes_by_area`. `region`: (top, left, height, width) of a
    letterboxed photo in the input, else None.
    """

    halvings: int
    sizes: tuple[Size, ...]
    start: Size
    end: Size
    shown: Size
    by_area: bool
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
        resizes_by_area((height, width), shown),
        region,
    )


def geometry_arrays(geometries: Sequence[InputGeometry], has_border: bool) -> tuple[Any, ...]:
    """Return the geometries of a batch field by field, as the operators take them.

    With `has_border` the last one is the anchor of the input in the resized photo, which is
    negative where the input has a border.
    """
    halvings, sizes, starts, ends, shown, by_area, regions = zip(*geometries, strict=True)
    arrays = (
        np.array(halvings, np.int32),
        np.array(sizes, np.float32),
        np.array(starts, np.float32),
        np.array(ends, np.float32),
        np.array(shown, np.float32),
        np.array(by_area, np.bool_),
    )
    if not has_border:
        return arrays
    anchors = [(-region[0], -region[1]) if region else (0, 0) for region in regions]
    return (*arrays, np.array(anchors, np.int32))


def _halved(size: Size, times: int) -> Size:
    return -(-size[0] // 2**times), -(-size[1] // 2**times)
