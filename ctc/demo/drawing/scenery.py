"""Draw the scene of a camera (ground, trees, rocks, grass), the same in all its photos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ctc.demo.drawing.figure import Colour, blend, shade
from ctc.demo.drawing.ground import draw_ground
from ctc.demo.drawing.growth import Cutout, bush, rock, trunk, tuft
from ctc.demo.drawing.habitats import Habitat
from ctc.demo.drawing.texture import Plane, fractal_noise
from ctc.demo.frame import FOCAL, ROWS, WIDTH

Random = np.random.Generator


@dataclass(frozen=True)
class SceneView:
    """A scene without animals in one light.

    `image`: float32 (ROWS, WIDTH, 3). `things`: what an animal may walk behind, from far to near.
    """

    image: Plane
    things: tuple[Cutout, ...]

    def visibility(self, foot: float, top: int, left: int, shape: tuple[int, int]) -> Plane:
        """Return the visible share (0–1) of each pixel of a window, float32 `shape`.

        Things hide it that stand nearer than row `foot`, where the window's content stands.
        """
        seen = np.ones(shape, np.float32)
        for thing in self.things:
            if thing.foot > foot:
                thing.occlude(seen, top, left)
        return seen


@dataclass(frozen=True)
class Scene:
    """A camera's scene by day and night.

    `horizon` is a row, `camera_height` in metres. `dapple`: light and shade of leaves, around 1.
    """

    horizon: float
    camera_height: float
    day: SceneView
    night: SceneView
    dapple: Plane

    def pixels_per_metre(self, foot: float) -> float:
        """Return the scale of things that stand on the ground at row `foot`."""
        return (foot - self.horizon) / self.camera_height

    def foot_for(self, pixels_per_metre: float) -> float:
        """Return the row of the ground where things have this scale."""
        return self.horizon + pixels_per_metre * self.camera_height

    def flash(self, foot: float) -> float:
        """Return the brightness of the infrared flash at row `foot`; it falls with distance."""
        return float(_falloff(np.float32(self.pixels_per_metre(foot))))


def draw_scene(rng: Random, habitat: Habitat) -> Scene:
    """Draw the scene of one camera; geometry, colours and vegetation vary within a habitat."""
    habitat = _vary_colours(rng, habitat)
    horizon, camera_height = ROWS * rng.uniform(0.26, 0.42), rng.uniform(0.5, 0.75)
    ground = draw_ground(rng, habitat, horizon, camera_height)
    things = sorted(_planting(rng, habitat, horizon), key=lambda thing: thing.foot)
    day = _compose(ground, things)
    scale = (np.arange(ROWS, dtype=np.float32) - horizon) / camera_height
    dark = _compose(
        infrared(ground) * _falloff(scale)[:, None, None],
        [_light_by_flash(thing, horizon, camera_height) for thing in things],
    )
    dapple = 1 + np.float32(0.08 + 0.08 * habitat.wooded) * np.tanh(
        fractal_noise(rng, ROWS, 2 * WIDTH, 90, 4, 0.5)
    )
    return Scene(horizon, camera_height, day, dark, dapple)


def _vary_colours(rng: Random, habitat: Habitat) -> Habitat:
    def turn(colour: Colour) -> Colour:
        red, green, blue = (
            channel * rng.uniform(0.93, 1.07) for channel in shade(colour, rng.uniform(0.9, 1.08))
        )
        return red, green, blue

    return replace(
        habitat,
        soil=turn(habitat.soil),
        patches=turn(habitat.patches),
        grass=turn(habitat.grass),
        foliage=turn(habitat.foliage),
    )


def _planting(rng: Random, habitat: Habitat, horizon: float) -> Iterator[Cutout]:
    """Yield the trunks, bushes, rocks and tufts of grass; nearer ones are larger."""
    depth, stone = ROWS - horizon, blend((0.46, 0.45, 0.42), habitat.soil, 0.5)
    for _ in range(habitat.trunks + int(rng.integers(0, 3))):
        near = depth * rng.uniform(0.03, 0.62) ** 1.5
        x, width = _side_column(rng, near / depth), 9 + 0.34 * near * rng.uniform(0.6, 1.3)
        bark = shade(habitat.bark, rng.uniform(0.8, 1.15))
        yield trunk(rng, x, horizon + near, width, bark, habitat.banded_bark)
    for _ in range(habitat.bushes):
        near = depth * rng.uniform(0.04, 0.5)
        x, height = _side_column(rng, near / depth), 22 + near * rng.uniform(0.4, 0.9)
        yield bush(rng, x, horizon + near, height * rng.uniform(1.1, 2.0), height, habitat.foliage)
    for _ in range(habitat.rocks):
        near = depth * rng.uniform(0.06, 0.9)
        yield rock(
            rng, rng.uniform(0, WIDTH), horizon + near, 8 + near * rng.uniform(0.12, 0.32), stone
        )
    for _ in range(int(240 * habitat.grass_cover)):
        near = depth * rng.uniform(0.12, 1.06) ** 1.15
        colour = shade(
            blend(habitat.grass, habitat.patches, rng.uniform(0, 0.5)), rng.uniform(0.8, 1.15)
        )
        yield tuft(
            rng,
            rng.uniform(-10, WIDTH + 10),
            horizon + near,
            6 + near * rng.uniform(0.07, 0.22),
            colour,
        )


def _side_column(rng: Random, nearness: float) -> float:
    """Draw a column; the nearer a large thing, the farther from the middle of the view."""
    away = rng.uniform(min(0.46, 0.8 * nearness), 0.52) * WIDTH
    return WIDTH / 2 + away * (1 if rng.uniform() < 0.5 else -1)


def _compose(ground: Plane, things: list[Cutout]) -> SceneView:
    image = ground.copy()
    for thing in things:
        thing.paint_onto(image)
    return SceneView(image, tuple(things))


def _light_by_flash(thing: Cutout, horizon: float, camera_height: float) -> Cutout:
    bright = _falloff(np.float32((thing.foot - horizon) / camera_height))
    return replace(thing, colour=infrared(thing.colour) * bright)


def infrared(colour: Plane) -> Plane:
    """Convert to grey as a sensor without infrared filter does: green leaves become pale."""
    grey = np.clip(colour @ np.array([0.25, 0.75, 0.05], np.float32) * 1.15, 0, 1)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _falloff(pixels_per_metre: NDArray[np.float32] | np.float32) -> Plane:
    metres = FOCAL / np.maximum(pixels_per_metre, 14.0)
    return (1.35 / (1 + (metres / 5.0) ** 2)).astype(np.float32)
