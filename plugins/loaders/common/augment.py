"""Augmentation parameters, without pixels: the same for every loader.

Each sample consumes DRAWS uniform random numbers. They become `ViewParams` (which region of the
photo is shown, its rotation, mirrored or not) and a colour matrix. The magnitudes are those of
camera-trap-classifier 2.x (data/image.py); the order is: zoom, crop, rotate, resize, flip, colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Augmentation

Floats = NDArray[np.float64]
ColorMatrix = Sequence[Sequence[float]]

VIEW_DRAWS = 6
COLOR_DRAWS = 5
DRAWS = VIEW_DRAWS + COLOR_DRAWS + 2

BRIGHTNESS = 0.2
SATURATION = (0.8, 1.2)
HUE = 0.05
CONTRAST = (0.9, 1.3)
CHROMA = 0.05
LUMA = np.array([0.299, 0.587, 0.114])
"""Shares of R, G and B (BT.601)."""
CHROMA_TO_RGB = (
    (0.0, 1.402),
    (-0.344136, -0.714136),
    (1.772, 0.0),
)  # R, G, B by Cb and Cr (BT.601)
COLOR_ORDERS = (
    ("brightness", "saturation", "hue", "contrast"),
    ("saturation", "brightness", "contrast", "hue"),
    ("contrast", "hue", "brightness", "saturation"),
    ("hue", "saturation", "contrast", "brightness"),
)

_GREY_AXIS_CROSS_PRODUCT = np.array(
    [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
) / math.sqrt(3.0)


class RandomDraws(NamedTuple):
    """Uniform random numbers in 0–1 for N samples.

    `view` has shape (N, VIEW_DRAWS), `color` (N, COLOR_DRAWS), `photo` and `observation` (N,).
    """

    view: Floats
    color: Floats
    photo: Floats
    observation: Floats


class ViewParams(NamedTuple):
    """Region of a photo that is shown, with its rotation and mirroring.

    The region is in fractions of the photo's height and width and may reach beyond 0–1 (black
    there). It is rotated about its centre; `sign` is −1 when mirrored. `distortion`: see
    `rand_augment.distortion`.
    """

    top: float
    left: float
    height: float
    width: float
    cosine: float
    sine: float
    sign: float
    distortion: Floats | None = None


def random_draws(seed: int, epoch: int, step: int, reader: int, samples: int) -> RandomDraws:
    """Return the random numbers of one batch.

    They depend on the arguments alone, whatever the loader and the number of threads.
    """
    numbers = np.random.default_rng([seed, epoch, step, reader]).random((samples, DRAWS))
    view, color, rest = np.split(numbers, [VIEW_DRAWS, VIEW_DRAWS + COLOR_DRAWS], axis=1)
    return RandomDraws(view, color, rest[:, 0], rest[:, 1])


def view_params(draws: Floats, augmentation: Augmentation) -> list[ViewParams]:
    """Return the views of `draws` (N, VIEW_DRAWS).

    Zoom is about the centre; the crop lies anywhere in the zoomed region; then follow rotation and
    flip.
    """
    zoom, crop, down, right, turn, mirror = draws.T
    zoomed = 1.0 + augmentation.zoom * (2.0 * zoom - 1.0)
    share = zoomed * (1.0 - augmentation.crop * crop)
    start = (1.0 - zoomed) / 2.0
    top, left = start + down * (zoomed - share), start + right * (zoomed - share)
    angle = np.deg2rad(augmentation.rotate * (2.0 * turn - 1.0))
    sign = np.where(mirror < 0.5, -1.0, 1.0) if augmentation.flip else np.ones(len(draws))
    columns = np.stack([top, left, share, share, np.cos(angle), np.sin(angle), sign], axis=1)
    return [ViewParams(*row) for row in columns.tolist()]


def fit_aspect(view: ViewParams, photo: tuple[int, int], size: tuple[int, int]) -> ViewParams:
    """Return the central part of `view` that has the aspect ratio of `size`.

    What is shown of the `photo` then keeps its aspect ratio. Both sizes are (height, width).
    """
    aspect = size[0] / size[1] * photo[1] / photo[0]
    height, width = view.height * min(1.0, aspect), view.width * min(1.0, 1.0 / aspect)
    top, left = view.top + (view.height - height) / 2.0, view.left + (view.width - width) / 2.0
    return view._replace(top=top, left=left, height=height, width=width)


def downscale_power(view: ViewParams, photo: tuple[int, int], size: tuple[int, int]) -> int:
    """Return how often, 0–3, a `photo` can be halved (rounding up) before it is decoded.

    The region shown stays at least as large as `size`. Both sizes are (height, width).
    """
    height, width = view.height * photo[0], view.width * photo[1]
    rows, columns = size[0] - 1, size[1] - 1
    power = 0
    while power < 3 and height > (2 << power) * rows and width > (2 << power) * columns:
        power += 1
    return power


def affine_matrix(view: ViewParams, photo: tuple[int, int], size: tuple[int, int]) -> Floats:
    """Return the (2, 3) matrix from output pixels to source positions.

    It maps a pixel (x, y, 1) of an image of `size` to the position (x, y) in the `photo`. Both
    sizes are (height, width).
    """
    top, left, height, width, cosine, sine, sign, distortion = view
    step_x = sign * width * photo[1] / size[1]
    step_y = height * photo[0] / size[0]
    a, b, d, e = cosine * step_x, -sine * step_y, sine * step_x, cosine * step_y
    centre_x = (left + width / 2.0) * photo[1] - 0.5
    centre_y = (top + height / 2.0) * photo[0] - 0.5
    middle_x, middle_y = (size[1] - 1) / 2.0, (size[0] - 1) / 2.0
    c, f = centre_x - a * middle_x - b * middle_y, centre_y - d * middle_x - e * middle_y
    matrix = np.array((a, b, c, d, e, f)).reshape(2, 3)
    return matrix if distortion is None else matrix @ distortion


def color_matrices(draws: Floats, mode: str) -> Floats:
    """Return one (3, 7) colour matrix M for each row of `draws` (N, COLOR_DRAWS), as (N, 3, 7).

    A pixel p in 0–255 of an image with channel means m becomes M[:, :3] p + M[:, 3:6] m + M[:, 6];
    see `fold_in_mean`.

    Of COLOR_ORDERS only one thing matters here, whether saturation or hue comes first: contrast
    commutes with both, and brightness is the same shift at any point.
    """
    linear = np.broadcast_to(np.eye(3), (len(draws), 3, 3))
    contrast = np.ones((len(draws), 1, 1))
    offset = 255.0 * _lerp(draws[:, :1], -BRIGHTNESS, BRIGHTNESS)
    if mode == "full_fast":
        offset = offset + 255.0 * _lerp(draws[:, 1:3], -CHROMA, CHROMA) @ np.transpose(
            CHROMA_TO_RGB
        )
    else:
        linear = _saturation_matrices(draws[:, 1])
    if mode == "full_randomized":
        hues, saturation_first = _hue_matrices(draws[:, 2]), draws[:, 4, None, None] < 0.5
        linear = np.where(saturation_first, hues @ linear, linear @ hues)
        contrast = _lerp(draws[:, 3, None, None], *CONTRAST)
    offsets = np.broadcast_to(offset, (len(draws), 3))[:, :, None]
    return np.concatenate([contrast * linear, (1.0 - contrast) * linear, offsets], axis=2)


def fold_in_mean(matrix: ColorMatrix, mean: Sequence[float]) -> NDArray[np.float32]:
    """Return the (3, 4) matrix for `cv2.transform` for an image with these channel means R, G, B.

    `matrix` is one (3, 7) matrix of `color_matrices`.
    """
    red, green, blue = mean
    folded: list[float] = []
    for r, g, b, of_r, of_g, of_b, offset in matrix:
        folded += r, g, b, of_r * red + of_g * green + of_b * blue + offset
    return np.array(folded, np.float32).reshape(3, 4)


def _saturation_matrices(draws: Floats) -> Floats:
    """Return (N, 3, 3) matrices that move each pixel away from its luma (BT.601), or towards it."""
    factor = _lerp(draws, *SATURATION)[:, None, None]
    away: Floats = factor * np.eye(3) + (1.0 - factor) * LUMA
    return away


def _hue_matrices(draws: Floats) -> Floats:
    """Return (N, 3, 3) rotations about the grey axis of the RGB cube (Rodrigues' formula)."""
    angle = 2.0 * math.pi * _lerp(draws, -HUE, HUE)[:, None, None]
    cosine = np.cos(angle)
    turn: Floats = (
        cosine * np.eye(3) + (1.0 - cosine) / 3.0 + np.sin(angle) * _GREY_AXIS_CROSS_PRODUCT
    )
    return turn


def _lerp(draws: Floats, low: float, high: float) -> Floats:
    """Map numbers in 0–1 linearly to `low`–`high`."""
    return low + draws * (high - low)
