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
    in the input. `by_area`: see `resizes_by_area`. `anchor`: of the input in the resized photo,
    negative where the input has a border.
    """

    halvings: int
    sizes: tuple[Size, ...]
    start: Size
    end: Size
    shown: Size
    by_area: bool
    anchor: Size


def input_geometry(header: PhotoHeader, preprocessing: Preprocessing) -> InputGeometry:
    """Return the geometry of a photo for a network."""
    target = preprocessing.height, preprocessing.width
    photo = header.height, header.width
    if header.orientation >= 5:
        photo = photo[::-1]
    small = decode_size(photo, min_decode_size(preprocessing))
    sizes = [_halved(photo, times) for times in range(MAX_HALVINGS + 1)]
    top, left, height, width = 0, 0, *small
    above, before, *shown = 0, 0, *target
    if preprocessing.resize == "fit-crop":
        top, left, height, width = center_crop_box(*small, target[0] / target[1])
    elif preprocessing.resize == "letterbox":
        above, before, *shown = letterbox_box(*small, *target)
    return InputGeometry(
        sizes.index(small),
        tuple(sizes[1:]),
        (top, left),
        (top + height, left + width),
        (shown[0], shown[1]),
        resizes_by_area((height, width), (shown[0], shown[1])),
        (-above, -before),
    )


def geometry_arrays(geometries: Sequence[InputGeometry], has_border: bool) -> tuple[Any, ...]:
    """Return the geometries of a batch field by field, as the operators take them.

    Without `has_border` the last field, `anchor`, is left out.
    """
    halvings, sizes, starts, ends, shown, by_area, anchors = zip(*geometries, strict=True)
    arrays = (
        np.array(halvings, np.int32),
        np.array(sizes, np.float32),
        np.array(starts, np.float32),
        np.array(ends, np.float32),
        np.array(shown, np.float32),
        np.array(by_area, np.bool_),
        np.array(anchors, np.int32),
    )
    return arrays if has_border else arrays[:-1]


def _halved(size: Size, times: int) -> Size:
    return -(-size[0] // 2**times), -(-size[1] // 2**times)
