"""Colours and erasing in the DALI pipeline, with operators that a GPU has too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..common.rand_augment import ColorStep, sharpness_kernel
from ..common.random_erasing import Erasure

COLOR_INPUTS = 3
"""Inputs of `recolor` beside the image, see `color_arrays`."""
STEP_INPUTS = 5
"""Inputs of `apply_step` beside the image, see `step_arrays`."""

_NOTHING, _MATRIX, _SHARPNESS, _POSTERIZE, _SOLARIZE, _AUTOCONTRAST, _EQUALIZE = range(7)
_CODES = {
    "matrix": _MATRIX,
    "sharpness": _SHARPNESS,
    "posterize": _POSTERIZE,
    "solarize": _SOLARIZE,
    "autocontrast": _AUTOCONTRAST,
    "equalize": _EQUALIZE,
}


def step_arrays(steps: Sequence[Sequence[ColorStep]], count: int) -> tuple[Any, ...]:
    """Return the inputs of `apply_step` for `count` steps of each sample, of which it has fewer.

    For each step: a code (N,); the factors of the pixel (N, 3, 3), which for sharpness are the
    kernel; the factors of the mean (N, 3, 3); the offset (N, 3); and a uint8 (N,), the bits that
    stay or the lowest value that is inverted.
    """
    samples, arrays = len(steps), []
    for place in range(count):
        codes, values = np.zeros(samples, np.int32), np.zeros(samples, np.uint8)
        matrices = np.zeros((samples, 3, 7), np.float32)
        for row, own in enumerate(steps):
            if place < len(own):
                codes[row], matrices[row], values[row] = _encode(own[place])
        arrays += [
            codes,
            np.ascontiguousarray(matrices[:, :, :3]),
            np.ascontiguousarray(matrices[:, :, 3:6]),
            np.ascontiguousarray(matrices[:, :, 6]),
            values,
        ]
    return tuple(arrays)


def _encode(step: ColorStep) -> tuple[int, Any, int]:
    """Return the code, (3, 7) matrix and value of a step."""
    name, value, matrix = step
    if matrix is not None:
        return _MATRIX, matrix, 0
    found, number = np.zeros((3, 7)), 0
    if name == "sharpness":
        found[:, :3] = sharpness_kernel(value)
    elif name == "posterize":
        number = 256 - 2 ** (8 - int(value))
    elif name == "solarize":
        if value > 255:
            return _NOTHING, found, 0
        number = int(np.ceil(value))
    return _CODES[name], found, number


def erasure_arrays(erasures: Sequence[Erasure | None]) -> tuple[Any, ...]:
    """Return the inputs of `erase`: corner (N, 2), size (N, 2), colour (N, 3); size 0 for none."""
    rows = [one or Erasure(0, 0, 0, 0, (0, 0, 0)) for one in erasures]
    return (
        np.array([(one.top, one.left) for one in rows], np.float32),
        np.array([(one.height, one.width) for one in rows], np.float32),
        np.array([one.color for one in rows], np.float32),
    )


def apply_step(
    image: Any, code: Any, pixel_matrix: Any, mean_matrix: Any, offset: Any, value: Any
) -> Any:
    """Apply one step of `step_arrays`."""
    if code == _MATRIX:
        image = recolor(image, pixel_matrix, mean_matrix, offset)
    elif code == _SHARPNESS:
        image = _operator("filter")(image, pixel_matrix)
    elif code == _POSTERIZE:
        image = image & value
    elif code == _SOLARIZE:
        image = _solarize(image, value)
    elif code == _AUTOCONTRAST:
        image = _autocontrast(image)
    elif code == _EQUALIZE:
        image = _operator("equalize")(image)
    return image


def _operator(name: str) -> Any:
    """Return an operator that older versions of DALI have among their experimental ones."""
    from nvidia.dali import fn

    return getattr(fn, name, None) or getattr(fn.experimental, name)


def _solarize(image: Any, threshold: Any) -> Any:
    from nvidia.dali import types

    dark = image < threshold
    inverted = types.Constant(255, dtype=types.UINT8) - image
    return dark * image + (dark ^ True) * inverted


def _autocontrast(image: Any) -> Any:
    """Stretch each channel to 0–255; a uniform one is kept."""
    from nvidia.dali import fn, types

    low = fn.cast(fn.reductions.min(image, axes=[0, 1], keep_dims=True), dtype=types.FLOAT)
    high = fn.cast(fn.reductions.max(image, axes=[0, 1], keep_dims=True), dtype=types.FLOAT)
    is_uniform = fn.cast(high == low, dtype=types.FLOAT)
    scale = is_uniform + (1.0 - is_uniform) * 255.0 / (high - low + is_uniform)
    return fn.cast((image - low * (1.0 - is_uniform)) * scale + 0.5, dtype=types.UINT8)


def erase(image: Any, corner: Any, size: Any, color: Any) -> Any:
    """Fill the box of each image with its colour."""
    from nvidia.dali import fn

    return fn.erase(image, anchor=corner, shape=size, fill_value=color, axes=(0, 1))


def recolor(image: Any, pixel_matrix: Any, mean_matrix: Any, offset: Any) -> Any:
    """Change colours as `color_matrices` defines it."""
    from nvidia.dali import fn, types

    mean = fn.reductions.mean(image, axes=[0, 1], keep_dims=True)
    changed = fn.coord_transform(image, M=pixel_matrix, T=offset, dtype=types.FLOAT)
    return fn.cast(changed + fn.coord_transform(mean, M=mean_matrix), dtype=types.UINT8)
