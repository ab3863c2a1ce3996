"""Draw the ground in perspective, a path or a brook, and distant trees before the sky."""

from __future__ import annotations

import cv2
import numpy as np

from ctc.demo.drawing.figure import Colour, blend, colour_array
from ctc.demo.drawing.habitats import Habitat
from ctc.demo.drawing.texture import Plane, fractal_noise
from ctc.demo.frame import FOCAL, ROWS, WIDTH

_LUMPS = 1024  # pixels of soil texture that repeat
_COARSE = np.float32(0.3)  # patches are this much coarser than soil


def draw_ground(
    rng: np.random.Generator, habitat: Habitat, horizon: float, camera_height: float
) -> Plane:
    """Draw sky and distant trees above the horizon, and soil below it.

    The horizon is tilted slightly, as cameras are never quite level.
    """
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    columns = np.arange(WIDTH, dtype=np.float32)[None, :] - WIDTH / 2
    below = rows - horizon - np.float32(rng.normal(0, 0.02)) * columns
    near = _soil(rng, habitat, np.maximum(below, 1.0), columns, camera_height)
    far = _backdrop(rng, habitat, horizon)
    edge = np.clip(below + 2 * fractal_noise(rng, 1, WIDTH, 20, 3), 0, 3)[:, :, None] / 3
    return np.clip(far * (1 - edge) + near * edge, 0, 1).astype(np.float32)


def _soil(
    rng: np.random.Generator, habitat: Habitat, below: Plane, columns: Plane, camera_height: float
) -> Plane:
    """Draw soil and patches in perspective; `below`: rows between a pixel and the horizon."""
    away = np.float32(camera_height * FOCAL) / below
    lumps = fractal_noise(rng, _LUMPS, _LUMPS, 200, 6)
    across: Plane = columns * away * np.float32(110 / FOCAL) + np.float32(_LUMPS / 2)
    along: Plane = away * np.float32(110) + np.float32(rng.uniform(0, _LUMPS))
    texture = _sample_texture(lumps, across, along)
    patchy = _sample_texture(lumps, across * _COARSE, along * _COARSE)
    share: Plane = 0.5 + 0.5 * np.tanh(1.1 * patchy)[:, :, None]
    near = colour_array(habitat.soil) * (1 - share) + colour_array(habitat.patches) * share
    if habitat.path:
        near = _path(rng, near, habitat.path, below, columns, texture)
    fine = fractal_noise(rng, ROWS, WIDTH, 5, 2) * np.minimum(1, below / 90)
    grainy = (1 + 0.10 * texture + 0.05 * fine)[:, :, None]
    haze = np.exp(-below / 12)[:, :, None] * 0.5
    hazy: Plane = (
        near * grainy * (1 - haze) + colour_array(blend(habitat.soil, habitat.sky, 0.4)) * haze
    ).astype(np.float32)
    return hazy


def _sample_texture(lumps: Plane, across: Plane, along: Plane) -> Plane:
    sample: Plane = cv2.remap(
        lumps, across % len(lumps), along % len(lumps), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    return sample


def _path(
    rng: np.random.Generator,
    near: Plane,
    colour: Colour,
    below: Plane,
    columns: Plane,
    texture: Plane,
) -> Plane:
    slope, shift, width = rng.uniform(-1.2, 1.2), rng.normal(0, 40), rng.uniform(0.28, 0.5)
    off = np.abs(columns - shift - slope * below) / (width * below + 4)
    on = np.clip(1.5 * (1.1 - off) + 0.2 * texture, 0, 1)[:, :, None] * 0.9
    trodden: Plane = near * (1 - on) + colour_array(colour) * on
    return trodden


def _backdrop(rng: np.random.Generator, habitat: Habitat, horizon: float) -> Plane:
    """Draw the sky behind a ragged line of distant trees."""
    rows = np.arange(ROWS, dtype=np.float32)[:, None, None]
    sky = colour_array(habitat.sky) * (0.92 + 0.10 * rows / horizon)
    far = blend(habitat.foliage, habitat.sky, 0.30)
    leaves = fractal_noise(rng, ROWS, WIDTH, 26, 5)
    forest = colour_array(far) * (1 + 0.20 * leaves[:, :, None])
    crowns = horizon * (1 - habitat.wooded) + 14 * fractal_noise(rng, 1, WIDTH, 60, 5)[:, :, None]
    dense = np.clip(0.95 + 0.24 * leaves[:, :, None] + 0.18 * habitat.wooded, 0, 1)
    hidden = np.clip((rows - crowns) / 4, 0, 1) * dense
    view: Plane = np.clip(sky * (1 - hidden) + forest * hidden, 0, 1)
    return view
