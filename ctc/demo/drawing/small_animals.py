"""Draw hares and pheasants."""

from __future__ import annotations

import math

import numpy as np

from ctc.demo.drawing.figure import BLACK, FAR_BRIGHTNESS, WHITE, Colour, Figure, Pose, blend, shade
from ctc.demo.drawing.shapes import Point, curve, ellipse, leaf, limb, offset_point


def hare(pose: Pose, rng: np.random.Generator) -> Figure:
    """Draw a hare: sitting up when alert, leaping when walking, flat when grazing."""
    figure, coat = Figure(), blend((0.56, 0.43, 0.29), (0.52, 0.48, 0.43), rng.uniform())
    leap = 0.06 * abs(math.sin(pose.stride)) if pose.posture == "walking" else 0.0
    stretch = 1.0 + 2.2 * leap
    chest = {"alert": 0.29, "standing": 0.22}.get(pose.posture, 0.17) + leap
    head = (0.24 * stretch, chest + (0.02 if pose.posture == "grazing" else 0.09))
    _hare_legs(figure, coat, stretch, leap, chest)
    figure.add(ellipse((-0.24 * stretch, 0.11 + leap), (0.05, 0.045)), WHITE)
    back = [
        (-0.25, 0.12),
        (-0.20, 0.25),
        (-0.05, 0.29 + 0.2 * (chest - 0.17)),
        (0.12, chest + 0.07),
        (0.21, chest),
        (0.14, chest - 0.10),
        (-0.05, 0.07),
        (-0.2, 0.05),
    ]
    figure.add(curve([(x * stretch, y + (leap if y < 0.2 else leap * 0.8)) for x, y in back]), coat)
    figure.add(ellipse((-0.12 * stretch, 0.13 + leap), (0.11, 0.10), -15), shade(coat, 0.93))
    figure.mark(ellipse((0.05, 0.06 + leap), (0.14, 0.04)), blend(coat, WHITE, 0.6))
    figure.add(limb([(0.12 * stretch, chest), head], [0.17, 0.10]), coat)
    _hare_head(figure, coat, head, 112 + rng.uniform(-14, 14) + (30 if leap > 0.03 else 0))
    return figure


def _hare_legs(figure: Figure, coat: Colour, stretch: float, leap: float, chest: float) -> None:
    for near, shift in ((False, 0.035), (True, 0.0)):
        colour = shade(coat, 0.9 if near else FAR_BRIGHTNESS)
        knee, paw = (
            (0.17 * stretch + shift, 0.5 * chest),
            (0.17 * stretch + 1.2 * leap + shift, 0.015 + 0.5 * leap),
        )
        figure.add(limb([(0.12 * stretch, chest), knee, paw], [0.08, 0.04, 0.032]), colour)
        heel = (-0.16 * stretch - leap + shift, 0.02)
        figure.add(
            limb(
                [(-0.14 * stretch, 0.12 + leap), heel, (heel[0] + 0.16, 0.018)], [0.11, 0.05, 0.035]
            ),
            colour,
        )


def _hare_head(figure: Figure, coat: Colour, head: Point, ears: float) -> None:
    root = (head[0] - 0.035, head[1] + 0.035)
    for angle, light in ((ears - 13, FAR_BRIGHTNESS), (ears + 5, 1.0)):
        figure.add(leaf(root, 0.185, 0.055, angle), shade(coat, light))
        figure.add(ellipse(offset_point(root, 0.172, angle), (0.014, 0.012)), BLACK)
    figure.add(ellipse(head, (0.085, 0.06), -22), coat)
    figure.mark(ellipse((head[0] + 0.05, head[1] - 0.04), (0.04, 0.03)), blend(coat, WHITE, 0.5))
    figure.add(ellipse((head[0] + 0.078, head[1] - 0.022), (0.009, 0.008)), BLACK)
    figure.add_eye((head[0] + 0.018, head[1] + 0.018), 0.013)


def pheasant(pose: Pose, rng: np.random.Generator) -> Figure:
    """Draw a pheasant: a copper cock with dark head and white collar, or a plain barred hen."""
    figure, cock = Figure(), rng.uniform() < 0.6
    body: Colour = (0.50, 0.24, 0.10) if cock else (0.60, 0.46, 0.28)
    body = blend(body, (0.45, 0.33, 0.2), 0.4 * rng.uniform())
    tail = rng.uniform(0.42, 0.55) if cock else rng.uniform(0.30, 0.38)
    pecking = pose.posture == "grazing"
    tilt = 152 if pecking else 168 + rng.uniform(-8, 14)
    _bird_legs(figure, pose)
    figure.add(leaf((-0.15, 0.26), tail, 0.085, tilt), shade(body, 0.85))
    for share in np.linspace(0.2, 0.85, 7):
        figure.mark(
            ellipse(offset_point((-0.15, 0.26), tail * float(share), tilt), (0.008, 0.04), tilt),
            shade(body, 0.35),
        )
    outline = [
        (-0.22, 0.28),
        (-0.08, 0.34),
        (0.10, 0.33),
        (0.19, 0.27),
        (0.13, 0.17),
        (-0.02, 0.14),
        (-0.15, 0.19),
    ]
    figure.add(curve(outline), body)
    figure.add(ellipse((-0.04, 0.26), (0.14, 0.065), 172), shade(body, 0.75))
    figure.mark(ellipse((0.1, 0.18), (0.08, 0.05)), shade(body, 0.55))
    _bird_head(
        figure,
        body,
        cock,
        (0.27, 0.10) if pecking else (0.22, 0.46 + (0.05 if pose.posture == "alert" else 0)),
    )
    return figure


def _bird_legs(figure: Figure, pose: Pose) -> None:
    swing = 0.07 if pose.posture == "walking" else 0.015
    for phase, light in ((math.pi, FAR_BRIGHTNESS), (0.0, 1.0)):
        foot = (0.02 + swing * math.sin(pose.stride + phase), 0.01)
        colour = shade((0.40, 0.35, 0.28), light)
        figure.add(limb([(0.0, 0.18), (-0.015, 0.10), foot], [0.06, 0.024, 0.018]), colour)
        figure.add(limb([foot, (foot[0] + 0.06, 0.006)], [0.018, 0.01]), colour)


def _bird_head(figure: Figure, body: Colour, cock: bool, head: Point) -> None:
    neck: Colour = (0.06, 0.17, 0.16) if cock else shade(body, 0.9)
    chest = (0.13, 0.27)
    figure.add(
        limb(
            [chest, (0.5 * (chest[0] + head[0]) + 0.01, 0.5 * (chest[1] + head[1])), head],
            [0.13, 0.075, 0.055],
        ),
        neck,
    )
    if cock:
        ring = (0.55 * chest[0] + 0.45 * head[0], 0.55 * chest[1] + 0.45 * head[1])
        figure.mark(ellipse(ring, (0.05, 0.022), 20), WHITE)
    figure.add(ellipse(head, (0.045, 0.036)), neck)
    beak = -60 if head[1] < 0.2 else -12
    figure.add(leaf(offset_point(head, 0.035, beak), 0.045, 0.03, beak), (0.62, 0.58, 0.44))
    if cock:
        figure.add(ellipse((head[0] + 0.012, head[1] + 0.004), (0.022, 0.018)), (0.62, 0.07, 0.06))
    figure.add_eye((head[0] + 0.012, head[1] + 0.008), 0.007)
