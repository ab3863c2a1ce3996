"""Animals as coloured outlines, in metres, seen from the side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctc.demo.drawing.shapes import Outline, Point, ellipse

Colour = tuple[float, float, float]
Posture = Literal["walking", "standing", "grazing", "alert", "looking"]

BLACK: Colour = (0.05, 0.045, 0.04)
WHITE: Colour = (0.86, 0.83, 0.78)
FAR_BRIGHTNESS = 0.62  # of the limbs on the far side


@dataclass(frozen=True)
class Pose:
    """An animal's posture and the phase of its stride, in radians."""

    posture: Posture
    stride: float


@dataclass(frozen=True)
class FigurePart:
    """One outline and its colour (RGB, 0–1).

    A marking only tints what is already painted, with a soft edge.
    """

    outline: Outline
    colour: Colour
    is_marking: bool = False


@dataclass
class Figure:
    """Parts in painting order, and the positions of the eyes.

    x points forward, y up; the ground is at y = 0.
    """

    parts: list[FigurePart] = field(default_factory=list)
    eyes: list[Point] = field(default_factory=list)

    def add(self, outline: Outline, colour: Colour) -> None:
        """Add a part that covers the parts so far."""
        self.parts.append(FigurePart(outline, colour))

    def mark(self, outline: Outline, colour: Colour) -> None:
        """Add a marking that tints the parts so far."""
        self.parts.append(FigurePart(outline, colour, is_marking=True))

    def add_eye(self, at: Point, radius: float) -> None:
        """Add a dark eye, which reflects the flash."""
        self.parts.append(FigurePart(ellipse(at, (radius, radius)), BLACK))
        self.eyes.append(at)


def colour_array(colour: Colour) -> NDArray[np.float32]:
    """Return the colour as float32 (3,), to multiply planes with."""
    return np.array(colour, np.float32)


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour, brighter (factor above 1) or darker."""
    red, green, blue = (min(1.0, channel * factor) for channel in colour)
    return red, green, blue


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Mix two colours; `share` is that of the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue
