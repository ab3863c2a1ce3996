"""RandAugment, without pixels: which operations each sample gets, and with which values.

Cubuk et al. 2020, RandAugment (https://arxiv.org/abs/1909.13719): each of `randaugment` operations
is drawn from the same 14, all equally likely, with one magnitude for all. At magnitude 10 the
ranges are those of AutoAugment (https://arxiv.org/abs/1805.09501): shear 0.3, translation 150 of
331 pixels, rotation 30°, factors 0.1 to 1.9, all values inverted, 4 bits. At 0 nothing changes, but
for autocontrast and equalize, which have no magnitude. Directions are drawn.

Geometric operations act about the centre of the image and become part of the one affine transform
of a photo; so they come before those that change colours. Of the latter those that are linear in
the colours are (3, 7) matrices as in `color_matrices`, one after another multiplied to one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctc.plugin import Augmentation

from .augment import LUMA, Floats, ViewParams

GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
LINEAR = ("color", "contrast", "brightness")
OTHER = ("sharpness", "posterize", "solarize", "autocontrast", "equalize")
OPERATIONS = ("identity", *GEOMETRIC, *LINEAR, *OTHER)

SHEAR = 0.3
TRANSLATE = 150 / 331
ROTATE = 30.0
FACTOR = 0.9
LOST_BITS = 4
MAX_MAGNITUDE = 10.0
SMOOTHING = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
"""Kernel of Pillow's SMOOTH filter, which its sharpness moves away from or towards."""

_STREAM = 0x5241  # keeps these random numbers apart from those of `random_draws`


class Operation(NamedTuple):
    """An operation of RandAugment with its value.

    Shear as a ratio, translation as a fraction of the side, rotation in radians; color, contrast,
    brightness and sharpness as a factor; posterize as the bits that stay; solarize as the lowest
    value, 0–256, that is inverted; 0 for the others.
    """

    name: str
    value: float


class ColorStep(NamedTuple):
    """A change of colours: the (3, 7) `matrix`, or else the operation of OTHER with its value."""

    name: str
    value: float
    matrix: Floats | None = None


def random_operations(
    augmentation: Augmentation, key: tuple[int, int, int, int], samples: int
) -> list[list[Operation]]:
    """Return the operations of each sample of a batch, in order.

    `key`: seed, epoch, step and reader, on which they depend.
    """
    count = augmentation.randaugment
    rng = np.random.default_rng([*key, _STREAM])
    chosen, negated = np.moveaxis(rng.random((samples, count, 2)), 2, 0)
    numbers = (chosen * len(OPERATIONS)).astype(np.int64).tolist()
    signs = np.where(negated < 0.5, -1.0, 1.0).tolist()
    magnitude = augmentation.randaugment_magnitude
    table = {
        (number, sign): operation(name, magnitude, sign)
        for number, name in enumerate(OPERATIONS)
        for sign in (-1.0, 1.0)
    }
    return [
        [table[pair] for pair in zip(*sample, strict=True)]
        for sample in zip(numbers, signs, strict=True)
    ]


def operation(name: str, magnitude: float, sign: float) -> Operation:
    """Return an operation at a magnitude, 0–10, in the direction of `sign`, −1 or 1."""
    share = magnitude / MAX_MAGNITUDE
    values = {
        "shear_x": sign * share * SHEAR,
        "shear_y": sign * share * SHEAR,
        "translate_x": sign * share * TRANSLATE,
        "translate_y": sign * share * TRANSLATE,
        "rotate": sign * math.radians(share * ROTATE),
        "sharpness": 1.0 + sign * share * FACTOR,
        "posterize": 8 - round(share * LOST_BITS),
        "solarize": 256.0 * (1.0 - share),
        **dict.fromkeys(LINEAR, 1.0 + sign * share * FACTOR),
    }
    return Operation(name, values.get(name, 0.0))


def distorted_views(
    views: Sequence[ViewParams], operations: Sequence[Sequence[Operation]], size: tuple[int, int]
) -> list[ViewParams]:
    """Return the views of a batch with the geometric operations of each sample."""
    return [
        view._replace(distortion=distortion(own, size))
        for view, own in zip(views, operations, strict=True)
    ]


def batch_color_steps(
    bases: Floats | None, operations: Sequence[Sequence[Operation]]
) -> list[list[ColorStep]]:
    """Return the `color_steps` of each sample of a batch; `bases` (N, 3, 7)."""
    given = [None] * len(operations) if bases is None else bases
    return [color_steps(base, own) for base, own in zip(given, operations, strict=True)]


def distortion(operations: Sequence[Operation], size: tuple[int, int]) -> Floats | None:
    """Return the (3, 3) matrix of the geometric operations; None if there are none.

    It maps the position (x, y, 1) of a pixel in the image of `size` (height, width) to that in the
    image before these operations, of the same size.
    """
    total: Floats | None = None
    for one in operations:
        if one.name in GEOMETRIC:
            matrix = _geometric_matrix(one, size)
            total = matrix if total is None else total @ matrix
    return total


@lru_cache
def _geometric_matrix(one: Operation, size: tuple[int, int]) -> Floats:
    name, value = one
    matrix = np.eye(3)
    if name == "shear_x":
        matrix[0, 1] = value
    elif name == "shear_y":
        matrix[1, 0] = value
    elif name == "translate_x":
        matrix[0, 2] = value * size[1]
    elif name == "translate_y":
        matrix[1, 2] = value * size[0]
    else:
        cosine, sine = math.cos(value), math.sin(value)
        matrix[:2, :2] = ((cosine, -sine), (sine, cosine))
    centre = (size[1] - 1) / 2.0, (size[0] - 1) / 2.0
    matrix[:2, 2] += centre - matrix[:2, :2] @ centre
    return matrix


def color_steps(base: Floats | None, operations: Sequence[Operation]) -> list[ColorStep]:
    """Return the changes of colours of an image, in order, as few as possible.

    `base`: the (3, 7) matrix of the colour augmentation, which comes first; None if it is off.
    """
    steps = [] if base is None else [_matrix_step(base)]
    for name, value in operations:
        if name in LINEAR:
            after = linear_matrix(name, value)
            before = steps.pop().matrix if steps and steps[-1].matrix is not None else None
            steps.append(_matrix_step(after if before is None else compose(after, before)))
        elif name in OTHER:
            steps.append(ColorStep(name, value))
    return steps


@lru_cache
def linear_matrix(name: str, factor: float) -> Floats:
    """Return the (3, 7) matrix of an operation of LINEAR, as Pillow's ImageEnhance defines it.

    Color moves each pixel away from its luma, or towards it; contrast from the mean luma of the
    image; brightness from black.
    """
    matrix = np.zeros((3, 7))
    matrix[:, :3] = factor * np.eye(3)
    if name == "color":
        matrix[:, :3] += (1.0 - factor) * LUMA
    elif name == "contrast":
        matrix[:, 3:6] = (1.0 - factor) * LUMA
    return matrix


def compose(after: Floats, before: Floats) -> Floats:
    """Return the (3, 7) matrix that does what `before` does, then `after`.

    `after` refers to the mean of what `before` makes.
    """
    of_pixel, of_mean = after[:, :3], after[:, 3:6]
    matrix = np.empty((3, 7))
    matrix[:, :3] = of_pixel @ before[:, :3]
    matrix[:, 3:6] = of_pixel @ before[:, 3:6] + of_mean @ (before[:, :3] + before[:, 3:6])
    matrix[:, 6] = (of_pixel + of_mean) @ before[:, 6] + after[:, 6]
    return matrix


def _matrix_step(matrix: Floats) -> ColorStep:
    return ColorStep("matrix", 0.0, matrix)


@lru_cache
def sharpness_kernel(factor: float) -> NDArray[np.float32]:
    """Return the (3, 3) kernel that moves an image away from its smoothed self, or towards it."""
    kernel = ((1.0 - factor) * SMOOTHING).astype(np.float32)
    kernel[1, 1] += factor
    return kernel
