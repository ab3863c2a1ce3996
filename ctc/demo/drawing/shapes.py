"""Outlines of animals, trunks and rocks.

Every outline is a closed polygon, float32 (points, 2), in metres for animals and in pixels for
scenery.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float32]
Point = tuple[float, float]

_STEPS = 8  # points between two control points of a curve


def curve(points: Sequence[Point], closed: bool = True) -> Outline:
    """Return a smooth line through all the points (Catmull-Rom spline), float32 (points, 2)."""
    knots = np.asarray(points, np.float32)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = (np.arange(_STEPS, dtype=np.float32) / _STEPS)[None, :, None]
    before, start, end, after = (knots[i : len(knots) - 3 + i, None] for i in range(4))
    line = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    smooth: Outline = line.reshape(-1, 2).astype(np.float32)
    return smooth if closed else np.concatenate([smooth, knots[-2:-1]])


def limb(points: Sequence[Point], widths: Sequence[float]) -> Outline:
    """Return a bent, tapering limb along the points, rounded at both ends.

    `widths`: its width along the points.
    """
    line = curve(points, closed=False)
    half = (
        np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    )
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-6)
    side = np.stack([-along[:, 1], along[:, 0]], axis=1)
    turn = np.linspace(math.pi / 2, -math.pi / 2, 7)[1:-1, None]
    tip = line[-1] + half[-1] * (np.sin(turn) * side[-1] + np.cos(turn) * along[-1])
    root = line[0] - half[0] * (np.sin(turn) * side[0] + np.cos(turn) * along[0])
    return np.concatenate([line + side * half, tip, (line - side * half)[::-1], root]).astype(
        np.float32
    )


def ellipse(centre: Point, radii: Point, angle: float = 0.0) -> Outline:
    """Return an ellipse rotated by `angle` degrees, anticlockwise where y points up."""
    turn = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    return transform(
        np.stack([radii[0] * np.cos(turn), radii[1] * np.sin(turn)], axis=1), centre, angle
    )


def leaf(base: Point, length: float, width: float, angle: float) -> Outline:
    """Return a pointed ear, feather or leaf from `base` in the direction of `angle` degrees."""
    shape = curve(
        [
            (0, -0.28 * width),
            (0.45 * length, -0.5 * width),
            (length, 0),
            (0.45 * length, 0.5 * width),
            (0, 0.28 * width),
        ]
    )
    return transform(shape, base, angle)


def transform(
    outline: Outline | Sequence[Point], origin: Point, angle: float, scale: float = 1.0
) -> Outline:
    """Scale an outline, rotate it by `angle` degrees and move it to `origin`."""
    cos, sin = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
    turned = np.asarray(outline, np.float32) @ np.array([[cos, sin], [-sin, cos]], np.float32)
    return turned + np.asarray(origin, np.float32)


def offset_point(origin: Point, length: float, angle: float) -> Point:
    """Return the point at distance `length` from `origin` in the direction of `angle` degrees."""
    return origin[0] + length * math.cos(math.radians(angle)), origin[1] + length * math.sin(
        math.radians(angle)
    )


def coverage_mask(outline: Outline, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the share (0–1) of each pixel that an outline covers, float32 (rows, columns)."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    share: NDArray[np.float32] = mask.astype(np.float32) / np.float32(255)
    return share
