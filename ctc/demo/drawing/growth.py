"""Draw the things in a scene (trunks, bushes, rocks, grass) as images with transparency."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.demo.drawing.figure import Colour, colour_array, shade
from ctc.demo.drawing.shapes import Point, coverage_mask, curve, limb
from ctc.demo.drawing.texture import Plane, fractal_noise

Random = np.random.Generator
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Cutout:
    """An image with transparency, at a position in the scene.

    `colour` (rows, columns, 3) is premultiplied with `alpha` (rows, columns). `foot` is the row
    where the thing meets the ground; it hides things with a smaller `foot`.
    """

    foot: float
    top: int
    left: int
    colour: Plane
    alpha: Plane

    def paint_onto(self, scene: Plane) -> None:
        """Paint it over a scene (rows, columns, 3), in place, clipped at the edges."""
        if overlap := self._overlap(0, 0, scene.shape):
            there, here = overlap
            scene[there] *= 1 - self.alpha[here][:, :, None]
            scene[there] += self.colour[here]

    def occlude(self, seen: Plane, top: int, left: int) -> None:
        """Reduce `seen`, the visible share (0–1) of a window with this corner, in place."""
        if overlap := self._overlap(top, left, seen.shape):
            there, here = overlap
            seen[there] *= 1 - self.alpha[here]

    def _overlap(self, top: int, left: int, shape: tuple[int, ...]) -> tuple[Window, Window] | None:
        """Return the overlap with a window, in the window's coordinates and in its own."""
        rows, columns = self.alpha.shape
        up, aside = self.top - top, self.left - left
        first, start = max(up, 0), max(aside, 0)
        last, stop = min(up + rows, shape[0]), min(aside + columns, shape[1])
        if first >= last or start >= stop:
            return None
        return (slice(first, last), slice(start, stop)), (
            slice(first - up, last - up),
            slice(start - aside, stop - aside),
        )


def tuft(rng: Random, x: float, foot: float, height: float, colour: Colour) -> Cutout:
    """Draw a tuft of grass: bent blades that fan out from one point, `height` pixels tall."""
    reach, tall = int(height * 0.9) + 4, int(height * 1.1) + 4
    sketch = _Sketch(tall + 4, 2 * reach)
    for _ in range(int(rng.integers(12, 26))):
        top, root, length = (
            rng.normal(0, 0.30),
            rng.normal(0, 0.10),
            height * rng.uniform(0.45, 1.0),
        )
        start = (reach + root * height, float(tall))
        bend = (reach + (root + 0.3 * top) * height, tall - 0.6 * length)
        tip = (reach + (root + top) * height, tall - length)
        sketch.blade(
            [start, bend, tip], max(1, round(height / 45)), shade(colour, rng.uniform(0.72, 1.22))
        )
    dim = np.linspace(1.12, 0.7, tall + 4, dtype=np.float32)[:, None]
    return _make_cutout(foot, x, sketch.colour() * dim[:, :, None], sketch.alpha(), below=4)


def trunk(rng: Random, x: float, foot: float, width: float, colour: Colour, banded: bool) -> Cutout:
    """Draw a tree trunk that reaches out of the frame, with bark and shading.

    `banded`: with the dark bands of a birch.
    """
    rows, lean = int(foot) + 4, rng.normal(0, 0.05) * foot
    columns = 2 * (int(width) + 6 + int(abs(lean)))
    line = [
        (columns / 2 + lean, -10.0),
        (columns / 2 + 0.4 * lean + rng.normal(0, 0.06) * width, rows / 2),
        (columns / 2, rows - 2.0),
    ]
    alpha = coverage_mask(limb(line, [0.72 * width, 0.85 * width, 1.05 * width]), (rows, columns))
    bark = 1 + 0.16 * fractal_noise(rng, rows, columns, max(4, int(width / 4)), 3, 5.0)
    if banded:
        bark *= np.where(
            fractal_noise(rng, rows, columns, max(6, int(width / 2)), 2, 0.35) > 1.5, 0.5, 1.0
        )
    side = cv2.blur(alpha, (max(3, int(width * 0.7)) | 1, 1)) - 0.35 * np.roll(
        alpha, int(width * 0.4), axis=1
    )
    return _make_cutout(foot, x, _tint(bark * (0.55 + 0.6 * side), colour), alpha, below=4)


def bush(rng: Random, x: float, foot: float, width: float, height: float, colour: Colour) -> Cutout:
    """Draw a bush: leaves in four tones, the darker ones farther inside and below."""
    rows, columns = int(height) + 8, int(width) + 8
    sketch, size = _Sketch(rows, columns), max(2.0, min(9.0, 0.07 * height))
    leaves = int(min(240, 0.28 * width * height / size**2))
    for tone in (0.45, 0.7, 0.95, 1.2):
        for _ in range(leaves):
            turn, radius = rng.uniform(0, math.pi), math.sqrt(rng.uniform())
            across = math.cos(turn) * radius * (width / 2 - size) * (1.1 - 0.15 * tone)
            up = (
                math.sin(turn) * radius * (height - 2 * size)
                + 0.08 * (1.2 - tone) * rows * rng.uniform()
            )
            at = (columns / 2 + across, rows - 2 - up)
            sketch.leaf(
                at, size, rng.uniform(0, 180), shade(colour, tone * rng.uniform(0.85, 1.15))
            )
    return _make_cutout(foot, x, sketch.colour(), sketch.alpha(), below=2)


def rock(rng: Random, x: float, foot: float, width: float, colour: Colour) -> Cutout:
    """Draw a boulder, lit from above."""
    height = width * rng.uniform(0.4, 0.75)
    rows, columns = int(height) + 8, int(width) + 8
    corners = [
        (
            columns / 2 + math.cos(turn) * width / 2 * out,
            rows / 2 + math.sin(turn) * height / 2 * out,
        )
        for turn, out in zip(np.arange(9) * 2 * math.pi / 9, rng.uniform(0.8, 1.0, 9), strict=True)
    ]
    light = np.linspace(1.25, 0.5, rows, dtype=np.float32)[:, None]
    light = light + 0.10 * fractal_noise(rng, rows, columns, max(6, int(width / 3)), 4)
    return _make_cutout(
        foot, x, _tint(light, colour), coverage_mask(curve(corners), (rows, columns)), below=4
    )


class _Sketch:
    """A transparent canvas for many small strokes."""

    def __init__(self, rows: int, columns: int) -> None:
        self._mask, self._tint = (
            np.zeros((rows, columns), np.uint8),
            np.zeros((rows, columns, 3), np.uint8),
        )

    def blade(self, points: list[Point], width: int, colour: Colour) -> None:
        line = [np.round(curve(points, closed=False) * 16).astype(np.int32)]
        cv2.polylines(self._mask, line, False, 255, width, cv2.LINE_AA, 4)
        cv2.polylines(self._tint, line, False, _bytes(colour), width + 1, cv2.LINE_8, 4)

    def leaf(self, at: Point, size: float, angle: float, colour: Colour) -> None:
        centre, axes = (round(at[0] * 16), round(at[1] * 16)), (round(size * 16), round(size * 7))
        cv2.ellipse(self._mask, centre, axes, angle, 0, 360, 255, -1, cv2.LINE_AA, 4)
        cv2.ellipse(self._tint, centre, axes, angle, 0, 360, _bytes(colour), -1, cv2.LINE_8, 4)

    def alpha(self) -> Plane:
        return self._mask.astype(np.float32) / np.float32(255)

    def colour(self) -> Plane:
        return self._tint.astype(np.float32) / np.float32(255)


def _make_cutout(foot: float, x: float, colour: Plane, alpha: Plane, below: int) -> Cutout:
    """Make a cutout, centred on column `x`, whose lowest `below` rows are below its foot."""
    rows, columns = alpha.shape
    return Cutout(
        foot, round(foot) - rows + below, round(x) - columns // 2, colour * alpha[:, :, None], alpha
    )


def _tint(light: NDArray[Any], colour: Colour) -> Plane:
    tinted: Plane = np.clip(light[:, :, None] * colour_array(colour), 0, 1).astype(np.float32)
    return tinted


def _bytes(colour: Colour) -> tuple[float, ...]:
    return tuple(255 * channel for channel in colour)
