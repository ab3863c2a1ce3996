"""Noise textures for soil, bark, leaves and fur."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

_FUR = 1024


def fractal_noise(
    rng: np.random.Generator,
    rows: int,
    columns: int,
    coarse: int,
    octaves: int = 5,
    stretch: float = 1.0,
) -> Plane:
    """Return fractal noise, float32 (rows, columns), with mean 0 and standard deviation 1.

    `coarse`: size in pixels of the largest lumps. `stretch`: above 1 they are stretched vertically,
    below 1 horizontally.
    """
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        size = max(1.0, coarse / 2**octave)
        grid = (int(rows / (size * stretch)) + 3, int(columns / size) + 3)
        lumps = rng.standard_normal(grid, dtype=np.float32)
        total += cv2.resize(lumps, (columns, rows), interpolation=cv2.INTER_CUBIC) * 0.62**octave
    even: Plane = (total - total.mean()) / max(float(total.std()), 1e-6)
    return even


def fur_noise(rng: np.random.Generator, rows: int, columns: int) -> Plane:
    """Return fur: short streaks along the body, float32 (rows, columns), about −1 to 1."""
    fur = _fur()
    top, left = rng.integers(0, len(fur), size=2)
    patch: Plane = fur[
        (np.arange(top, top + rows) % len(fur))[:, None], np.arange(left, left + columns) % len(fur)
    ]
    return patch


@functools.cache
def _fur() -> Plane:
    rng = np.random.default_rng(20)
    fine = cv2.GaussianBlur(
        rng.standard_normal((_FUR, _FUR), dtype=np.float32), (0, 0), sigmaX=2.6, sigmaY=0.8
    )
    broad = fractal_noise(rng, _FUR, _FUR, 46, 3, 0.6)
    fur: Plane = np.clip(0.6 * fine / float(fine.std()) + 0.4 * broad, -2, 2) / 2
    return fur
