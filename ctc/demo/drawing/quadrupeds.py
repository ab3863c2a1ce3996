"""Draw four-legged animals from one body plan with different builds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctc.demo.drawing.figure import BLACK, FAR_BRIGHTNESS, Colour, Figure, Pose, shade
from ctc.demo.drawing.shapes import Point, curve, ellipse, leaf, limb, offset_point, transform

_SIDE = [
    (-0.12, -0.1),
    (-0.1, 0.26),
    (0.2, 0.33),
    (0.55, 0.2),
    (0.95, 0.14),
    (1.04, 0.0),
    (0.95, -0.13),
    (0.5, -0.2),
    (0.1, -0.32),
]


@dataclass(frozen=True)
class Build:
    """Measures in metres and angles in degrees.

    `back`: height of the back. `hump`: rise of the withers above it.
    """

    length: float
    back: float
    depth: float
    leg: float
    neck: float
    neck_width: float
    head: float
    head_depth: float
    ear: float
    ear_width: float
    tail: float
    tail_width: float
    tail_angle: float
    neck_angle: float
    grazing_angle: float
    hump: float = 0.0


@dataclass(frozen=True)
class Coat:
    """The colours of an animal's parts."""

    body: Colour
    head: Colour
    legs: Colour
    socks: Colour
    ears: Colour
    tail: Colour


def quadruped(build: Build, coat: Coat, pose: Pose) -> Figure:
    """Draw a deer, boar, fox or badger in a pose, without its markings."""
    figure = Figure()
    for phase, near in ((math.pi, False), (0.0, True)):
        if near:
            _tail(figure, build, coat)
            _trunk(figure, build, coat, pose)
        for front in (False, True):
            _leg(figure, build, coat, pose, phase + (math.pi * 0.85 if front else 0.0), front, near)
    if pose.posture == "looking":
        _face(figure, build, coat, head_base(build, pose))
    else:
        _profile(figure, build, coat, pose)
    return figure


def head_base(build: Build, pose: Pose) -> Point:
    """Return the point where the head joins the neck."""
    return offset_point(_shoulder(build), build.neck, _neck_angle(build, pose))


def head_angle(build: Build, pose: Pose) -> float:
    """Return the direction of the nose, in degrees above the horizontal."""
    return _neck_angle(build, pose) - (
        30 if pose.posture == "grazing" else 58 if build.neck_angle > 20 else 22
    )


def head_point(build: Build, pose: Pose, along: float, up: float) -> Point:
    """Return a point of the head in profile, given in head lengths from its base."""
    local = [(along * build.head, up * build.head * build.head_depth)]
    x, y = transform(local, head_base(build, pose), head_angle(build, pose))[0]
    return float(x), float(y)


def _shoulder(build: Build) -> Point:
    return 0.40 * build.length, build.back - 0.30 * build.depth


def _neck_angle(build: Build, pose: Pose) -> float:
    sway = 4 * math.sin(pose.stride)
    if pose.posture == "grazing":
        return build.grazing_angle + sway
    return build.neck_angle + sway + (18 if pose.posture in ("alert", "looking") else 0)


def _trunk(figure: Figure, build: Build, coat: Coat, pose: Pose) -> None:
    base = head_base(build, pose)
    figure.add(
        limb([_shoulder(build), base], [build.neck_width * 1.7, build.neck_width]),
        shade(coat.body, 0.95),
    )
    length, back, depth = build.length, build.back, build.depth
    outline = [
        (-0.50 * length, back - 0.22 * depth),
        (-0.38 * length, back),
        (0.0, back - 0.04 * depth + 0.4 * build.hump),
        (0.30 * length, back + build.hump),
        (0.50 * length, back - 0.35 * depth),
        (0.38 * length, back - 0.98 * depth),
        (-0.02 * length, back - 0.97 * depth),
        (-0.32 * length, back - 0.78 * depth),
        (-0.50 * length, back - 0.60 * depth),
    ]
    figure.add(curve(outline), coat.body)
    figure.mark(
        ellipse((0.05 * length, back - 1.02 * depth), (0.42 * length, 0.3 * depth)),
        shade(coat.body, 0.72),
    )


def _leg(
    figure: Figure, build: Build, coat: Coat, pose: Pose, phase: float, front: bool, near: bool
) -> None:
    swing, lift = (0.30, 0.10) if pose.posture == "walking" else (0.07, 0.0)
    hip = (
        (0.32 * build.length, build.back - 0.62 * build.depth)
        if front
        else (-0.37 * build.length, build.back - 0.5 * build.depth)
    )
    hip = hip if near else (hip[0] + 0.05 * build.length, hip[1])
    reach = hip[1]
    foot = (
        hip[0] + swing * reach * math.sin(pose.stride + phase),
        lift * reach * max(0.0, math.cos(pose.stride + phase)),
    )
    bend = 0.05 * reach if front else -0.13 * reach
    knee = (0.5 * (hip[0] + foot[0]) + bend, foot[1] + 0.42 * reach)
    top = build.depth * (0.40 if front else 0.58)
    light = 1.0 if near else FAR_BRIGHTNESS
    figure.add(limb([hip, knee, foot], [top, build.leg * 1.25, build.leg]), shade(coat.legs, light))
    shin = (0.6 * knee[0] + 0.4 * foot[0] - 0.1 * bend, 0.6 * knee[1] + 0.4 * foot[1])
    figure.add(
        limb(
            [shin, foot, (foot[0] + 0.6 * build.leg, foot[1])],
            [build.leg * 1.1, build.leg, build.leg * 0.8],
        ),
        shade(coat.socks, light),
    )


def _tail(figure: Figure, build: Build, coat: Coat) -> None:
    root = (-0.46 * build.length, build.back - 0.16 * build.depth)
    middle = offset_point(root, 0.5 * build.tail, build.tail_angle)
    end = offset_point(middle, 0.5 * build.tail, build.tail_angle + 18)
    figure.add(
        limb(
            [root, middle, end], [build.tail_width * 0.6, build.tail_width, build.tail_width * 0.45]
        ),
        coat.tail,
    )


def _profile(figure: Figure, build: Build, coat: Coat, pose: Pose) -> None:
    base, angle = head_base(build, pose), head_angle(build, pose)
    ear = head_point(build, pose, 0.02, 0.24)
    figure.add(
        leaf((ear[0] + 0.06 * build.head, ear[1]), build.ear, build.ear_width, angle + 100),
        shade(coat.ears, FAR_BRIGHTNESS),
    )
    side = [(x, y * build.head_depth) for x, y in _SIDE]
    figure.add(transform(curve(side), base, angle, build.head), coat.head)
    figure.add(leaf(ear, build.ear, build.ear_width, angle + 125), coat.ears)
    figure.add(
        ellipse(head_point(build, pose, 0.99, 0.02), (0.05 * build.head, 0.06 * build.head)), BLACK
    )
    figure.add_eye(head_point(build, pose, 0.36, 0.12), 0.045 * build.head)


def _face(figure: Figure, build: Build, coat: Coat, base: Point) -> None:
    x, y, size = base[0], base[1], build.head
    for side in (-1, 1):
        figure.add(
            leaf(
                (x + side * 0.2 * size, y + 0.2 * size),
                build.ear,
                build.ear_width * 1.2,
                90 - side * 38,
            ),
            coat.ears,
        )
    figure.add(ellipse((x, y), (0.32 * size, 0.38 * size)), coat.head)
    figure.add(ellipse((x, y - 0.38 * size), (0.17 * size, 0.28 * size)), shade(coat.head, 1.08))
    figure.add(ellipse((x, y - 0.58 * size), (0.09 * size, 0.06 * size)), BLACK)
    for side in (-1, 1):
        figure.add_eye((x + side * 0.19 * size, y + 0.02 * size), 0.05 * size)
