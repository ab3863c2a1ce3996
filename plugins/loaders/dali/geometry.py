"""From a view to the numbers that DALI's operators take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..common.augment import ViewParams, affine_matrix, downscale_power, fit_aspect

Size = tuple[int, int]
MAX_DOWNSCALE_POWER = 3


class CropGeometry(NamedTuple):
    """Decode window and transform from one photo to an image; sizes are (height, width).

    `start` and `shape` are the window of the photo to decode. `downscale_power` says how often it
    is halved, `sizes` its size after each halving. `matrix` (3, 3) maps a position (x, y, 1) in the
    image to the position in the halved window, both with (0, 0) at the corner of the first pixel.
    """

    start: Size
    shape: Size
    downscale_power: int
    sizes: list[Size]
    matrix: Any


def crop_geometry(
    view: ViewParams, photo: Size, size: Size, preserve_aspect: bool, snap_to_pixels: bool
) -> CropGeometry:
    """Return the geometry of `view` on a `photo` for an image of `size`.

    `preserve_aspect` keeps the aspect ratio. `snap_to_pixels` shows whole pixels, the same as the
    evaluation path.
    """
    if preserve_aspect:
        view = fit_aspect(view, photo, size)
    times = downscale_power(view, photo, size)
    unit = 2**times
    small = _downscaled_size(photo, unit)
    if snap_to_pixels:
        view = _round_to_pixels(view, small)
    matrix = np.eye(3)
    matrix[:2] = affine_matrix(view, small, size)
    start, shape = (
        _window(view, photo, unit)
        if view.distortion is None
        else _distorted_window(matrix[:2], photo, size, unit)
    )
    matrix[:2, 2] += 0.5 - matrix[:2, :2].sum(axis=1) / 2.0 - np.array(start[::-1]) / unit
    return CropGeometry(
        start, shape, times, [_downscaled_size(shape, by) for by in (2, 4, 8)], matrix
    )


def geometry_arrays(frames: Sequence[CropGeometry]) -> tuple[Any, ...]:
    """Return the geometries of a batch field by field, as the operators take them.

    `sizes` has shape (N, MAX_DOWNSCALE_POWER, 2).
    """
    start, shape, times, sizes, matrices = zip(*frames, strict=True)
    return (
        np.array(start, np.int32),
        np.array(shape, np.int32),
        np.array(times, np.int32),
        np.array(sizes, np.float32),
        np.array(matrices, np.float32),
    )


def _round_to_pixels(view: ViewParams, photo: Size) -> ViewParams:
    """Return the nearest view of whole pixels, rounded as `ctc.images` crops."""
    top, height = _round_interval(view.top, view.height, photo[0])
    left, width = _round_interval(view.left, view.width, photo[1])
    return view._replace(top=top, left=left, height=height, width=width)


def _round_interval(start: float, share: float, pixels: int) -> tuple[float, float]:
    count = max(1, math.floor(share * pixels + 0.5))
    first = math.floor((start + share / 2.0) * pixels - count / 2.0 + 1e-3)
    return first / pixels, count / pixels


def _downscaled_size(size: Size, by: int) -> Size:
    return -(-size[0] // by), -(-size[1] // by)


def _window(view: ViewParams, photo: Size, unit: int) -> tuple[Size, Size]:
    """Return start and shape of the part of the photo that the rotated view touches.

    It has a margin for interpolation, ends where the photo ends, and is in whole units, so that the
    halved window fits the halved photo.
    """
    height, width = view.height * photo[0], view.width * photo[1]
    reach_down = (abs(view.cosine) * height + abs(view.sine) * width) / 2.0
    reach_right = (abs(view.cosine) * width + abs(view.sine) * height) / 2.0
    top, down = _span((view.top + view.height / 2.0) * photo[0], reach_down, unit, photo[0])
    left, right = _span((view.left + view.width / 2.0) * photo[1], reach_right, unit, photo[1])
    return (top, left), (down - top, right - left)


def _distorted_window(matrix: Any, photo: Size, size: Size, unit: int) -> tuple[Size, Size]:
    """Return what `_window` returns, for any affine `matrix` from the image to the halved photo.

    An image that shows nothing of the photo gets the nearest part of it.
    """
    corners = np.array([[0, 0, 1], [size[1] - 1, 0, 1], [0, size[0] - 1, 1], [*size[::-1], 1]]).T
    corners[:2, 3] -= 1
    x, y = unit * (matrix @ corners + 0.5)
    spans = []
    for places, end in ((y, photo[0]), (x, photo[1])):
        first, last = float(places.min()), float(places.max())
        top, bottom = _span((first + last) / 2.0, (last - first) / 2.0, unit, end)
        top = min(top, unit * ((end - 1) // unit))
        spans.append((top, max(bottom, min(end, top + unit))))
    (top, bottom), (left, right) = spans
    return (top, left), (bottom - top, right - left)


def _span(middle: float, reach: float, unit: int, end: int) -> tuple[int, int]:
    first = unit * math.floor((middle - reach) / unit - 1.0)
    last = unit * math.ceil((middle + reach) / unit + 1.0)
    return max(0, first), min(end, last)
