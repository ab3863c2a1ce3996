"""The kinds of animals in the demo: their shapes, colours and individual variation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ctc.demo.drawing.figure import BLACK, WHITE, Colour, Figure, Pose, Posture, blend, shade
from ctc.demo.drawing.quadrupeds import Build, Coat, head_angle, head_base, head_point, quadruped
from ctc.demo.drawing.shapes import ellipse, leaf, limb, offset_point
from ctc.demo.drawing.small_animals import hare, pheasant

Random = np.random.Generator


@dataclass(frozen=True)
class AnimalKind:
    """A kind of animal.

    `height` and `length` are in metres. `frame_share`: range of the share of the frame's height
    that it fills. `nocturnal`: probability that it is seen at night.
    """

    name: str
    height: float
    length: float
    frame_share: tuple[float, float]
    postures: tuple[Posture, ...]
    nocturnal: float
    draw: Callable[[Pose, Random], Figure]


def _deer(pose: Pose, rng: Random) -> Figure:
    build = Build(
        1.05, 0.95, 0.38, 0.055, 0.50, 0.17, 0.29, 0.85, 0.17, 0.085, 0.13, 0.09, -100, 48, -48
    )
    body = blend((0.52, 0.31, 0.17), (0.43, 0.37, 0.30), rng.uniform())
    coat = Coat(
        body, shade(body, 0.95), shade(body, 0.9), shade(body, 0.7), shade(body, 0.85), WHITE
    )
    build = _vary(build, rng)
    figure = quadruped(build, coat, pose)
    figure.mark(ellipse((-0.50 * build.length, 0.80 * build.back), (0.09, 0.13)), WHITE)
    if rng.uniform() < 0.4:
        _antlers(figure, build, pose, rng.uniform(0.22, 0.36))
    return figure


def _antlers(figure: Figure, build: Build, pose: Pose, size: float) -> None:
    facing = pose.posture == "looking"
    base = (
        offset_point(head_base(build, pose), 0.3 * build.head, 90)
        if facing
        else head_point(build, pose, 0.18, 0.3)
    )
    upright = 90.0 if facing else head_angle(build, pose) + 105
    for lean in (-24, 24) if facing else (-12, 12):
        colour = (0.42, 0.35, 0.26)
        fork = offset_point(base, 0.45 * size, upright - lean)
        figure.add(
            limb(
                [base, fork, offset_point(fork, 0.6 * size, upright - 0.2 * lean)],
                [0.032, 0.026, 0.012],
            ),
            colour,
        )
        figure.add(
            limb([fork, offset_point(fork, 0.35 * size, upright - 45)], [0.024, 0.012]), colour
        )


def _boar(pose: Pose, rng: Random) -> Figure:
    build = Build(
        1.05, 0.70, 0.50, 0.07, 0.17, 0.34, 0.42, 0.80, 0.13, 0.10, 0.26, 0.03, -105, -4, -30, 0.09
    )
    body = blend((0.17, 0.13, 0.10), (0.30, 0.25, 0.20), rng.uniform())
    coat = Coat(
        body,
        shade(body, 1.05),
        shade(body, 0.75),
        shade(body, 0.5),
        shade(body, 0.8),
        shade(body, 0.7),
    )
    build = _vary(build, rng)
    figure = quadruped(build, coat, pose)
    for place_on_back in np.linspace(-0.3, 0.42, 34):
        height = build.back + build.hump * (0.5 + place_on_back) - 0.05
        bristle = (float(place_on_back) * build.length, height)
        figure.add(leaf(bristle, 0.10, 0.035, 142 + rng.uniform(-9, 9)), shade(body, 0.62))
    if pose.posture != "looking":
        figure.mark(ellipse(head_point(build, pose, 0.8, 0.0), (0.12, 0.08)), shade(body, 1.7))
        figure.add(leaf(head_point(build, pose, 0.8, -0.12), 0.07, 0.025, 80), WHITE)
    return figure


def _fox(pose: Pose, rng: Random) -> Figure:
    build = Build(
        0.62, 0.41, 0.19, 0.035, 0.17, 0.12, 0.20, 0.85, 0.115, 0.075, 0.46, 0.14, 196, 26, -42
    )
    body = blend((0.68, 0.33, 0.11), (0.56, 0.34, 0.18), rng.uniform())
    coat = Coat(
        body, shade(body, 1.05), shade(body, 0.8), BLACK, shade(body, 0.8), shade(body, 0.92)
    )
    build = replace(_vary(build, rng), tail_angle=rng.uniform(180, 214))
    figure = quadruped(build, coat, pose)
    tip = offset_point(
        (-0.46 * build.length, 0.92 * build.back), build.tail * 0.93, build.tail_angle + 9
    )
    figure.mark(ellipse(tip, (0.09, 0.09)), WHITE)
    figure.mark(ellipse((0.46 * build.length, 0.66 * build.back), (0.08, 0.11)), WHITE)
    if pose.posture == "looking":
        figure.mark(
            ellipse(offset_point(head_base(build, pose), 0.4 * build.head, -90), (0.05, 0.06)),
            WHITE,
        )
    else:
        figure.mark(
            ellipse(head_point(build, pose, 0.65, -0.18), (0.09, 0.03), head_angle(build, pose)),
            WHITE,
        )
    return figure


def _badger(pose: Pose, rng: Random) -> Figure:
    build = Build(
        0.70, 0.31, 0.22, 0.045, 0.10, 0.13, 0.21, 0.80, 0.04, 0.05, 0.18, 0.07, 205, -2, -30
    )
    body = blend((0.42, 0.40, 0.37), (0.54, 0.51, 0.46), rng.uniform())
    dark: Colour = (0.10, 0.09, 0.085)
    coat = Coat(body, WHITE, shade(body, 0.7), dark, dark, shade(body, 1.2))
    build = _vary(build, rng)
    figure = quadruped(build, coat, pose)
    figure.mark(ellipse((0.05 * build.length, 0.08), (0.45 * build.length, 0.07)), dark)
    if pose.posture == "looking":
        x, y = head_base(build, pose)
        for side in (-1, 1):
            figure.add(
                limb([(x + side * 0.045, y + 0.075), (x + side * 0.025, y - 0.1)], [0.05, 0.025]),
                dark,
            )
            figure.add_eye((x + side * 0.038, y), 0.009)
        return figure
    stripe = [head_point(build, pose, -0.1, 0.12), head_point(build, pose, 0.9, 0.06)]
    figure.add(limb(stripe, [0.065, 0.03]), dark)
    figure.add_eye(head_point(build, pose, 0.42, 0.12), 0.009)
    return figure


def _vary(build: Build, rng: Random) -> Build:
    """Vary length, depth, neck and head by up to 8 % to get another individual."""
    length, depth, neck, head = rng.uniform(0.92, 1.08, size=4)
    return replace(
        build,
        length=build.length * length,
        depth=build.depth * depth,
        neck=build.neck * neck,
        head=build.head * head,
    )


KINDS: tuple[AnimalKind, ...] = (
    AnimalKind(
        "badger",
        0.36,
        0.95,
        (0.22, 0.34),
        ("walking", "walking", "grazing", "standing", "looking"),
        0.85,
        _badger,
    ),
    AnimalKind(
        "boar",
        0.82,
        1.4,
        (0.30, 0.54),
        ("walking", "walking", "grazing", "standing", "looking"),
        0.6,
        _boar,
    ),
    AnimalKind(
        "deer",
        1.40,
        1.45,
        (0.40, 0.58),
        ("walking", "grazing", "alert", "looking", "standing"),
        0.4,
        _deer,
    ),
    AnimalKind(
        "fox",
        0.56,
        1.15,
        (0.28, 0.46),
        ("walking", "walking", "alert", "looking", "grazing"),
        0.6,
        _fox,
    ),
    AnimalKind(
        "hare", 0.46, 0.55, (0.30, 0.46), ("walking", "grazing", "alert", "standing"), 0.5, hare
    ),
    AnimalKind(
        "pheasant",
        0.52,
        0.8,
        (0.32, 0.48),
        ("walking", "grazing", "alert", "standing"),
        0.1,
        pheasant,
    ),
)
