"""Paint an animal's figure as pixels: anti-aliased, shaded, with fur."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.demo.drawing.figure import Figure, FigurePart, colour_array
from ctc.demo.drawing.shapes import Outline, Point, coverage_mask
from ctc.demo.drawing.texture import Plane, fur_noise


@dataclass(frozen=True)
class Sprite:
    """An animal as pixels.

    `colour`, float32 (height, width, 3), is premultiplied with `alpha` (height, width), both 0–1.
    `foot` is the pixel of the ground below its middle, `eyes` are pixels; x to the right, y down.
    """

    colour: Plane
    alpha: Plane
    foot: Point
    eyes: tuple[Point, ...]


def paint(
    figure: Figure,
    pixels_per_metre: float,
    faces_left: bool,
    turned: float,
    rng: np.random.Generator,
) -> Sprite:
    """Paint a figure at a scale; `turned` (0–1) narrows an animal not seen from the side."""
    across = -turned if faces_left else turned
    points = np.concatenate([part.outline for part in figure.parts]) * (across, -1)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 4 / pixels_per_metre
    columns, rows = (int(size) + 1 for size in (high - low + 2 * margin) * pixels_per_metre)
    canvas = _Canvas(rows, columns, pixels_per_metre, np.array([across, -1.0]), low - margin)
    for part in figure.parts:
        canvas.fill(part)
    fur = 1 + 0.2 * fur_noise(rng, rows, columns)[:, :, None]
    colour = np.clip(canvas.colour * fur, 0, 1) * canvas.alpha[:, :, None]
    return Sprite(
        colour,
        canvas.alpha,
        canvas.pixel((0.0, 0.0)),
        tuple(canvas.pixel(eye) for eye in figure.eyes),
    )


class _Canvas:
    """A transparent plane on which parts are painted, one over the other."""

    def __init__(
        self,
        rows: int,
        columns: int,
        scale: float,
        axes: NDArray[np.float64],
        origin: NDArray[np.float64],
    ) -> None:
        self.colour = np.zeros((rows, columns, 3), np.float32)
        self.alpha = np.zeros((rows, columns), np.float32)
        self._scale, self._axes, self._origin = scale, axes, origin

    def pixel(self, point: Point) -> Point:
        x, y = self._pixels(np.array([point], np.float32))[0]
        return float(x), float(y)

    def fill(self, part: FigurePart) -> None:
        outline = self._pixels(part.outline)
        left, top = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 5, 0)
        right, bottom = np.ceil(outline.max(axis=0)).astype(int) + 6
        window = (slice(top, bottom), slice(left, right))
        mask = coverage_mask(outline - (left, top), self.alpha[window].shape)
        if part.is_marking:
            mask = cv2.GaussianBlur(mask, (0, 0), 1.6) * self.alpha[window]
        else:
            self.alpha[window] = np.maximum(self.alpha[window], mask)
        tone = np.float32(1) if part.is_marking else _shading(mask)[:, :, None]
        self.colour[window] += mask[:, :, None] * (
            colour_array(part.colour) * tone - self.colour[window]
        )

    def _pixels(self, points: Outline) -> Outline:
        return ((points * self._axes - self._origin) * self._scale).astype(np.float32)


def _shading(mask: Plane) -> Plane:
    """Return the brightness of a rounded body that is lit from above.

    It is bright along the upper edge, and dark along the lower edge and the rim.
    """
    reach = max(3, min(mask.shape) // 3) | 1
    soft = cv2.blur(mask, (reach, reach), borderType=cv2.BORDER_CONSTANT)
    above = cv2.blur(
        mask, (reach, reach), anchor=(reach // 2, reach - 1), borderType=cv2.BORDER_CONSTANT
    )
    light: Plane = np.clip(0.72 + 0.42 * soft + 0.55 * (soft - above), 0.4, 1.45)
    return light
