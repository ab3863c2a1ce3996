"""Render photos of a scene: daylight, infrared flash, shadows, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.boxes import Box
from ctc.demo.drawing.growth import Cutout
from ctc.demo.drawing.scenery import Scene, SceneView, infrared
from ctc.demo.drawing.sprite import Sprite, paint
from ctc.demo.drawing.texture import Plane
from ctc.demo.events import Animal, SimulatedEvent
from ctc.demo.frame import HEIGHT, ROWS, WIDTH

Random = np.random.Generator

_DESATURATE = (0.82 * np.eye(3) + 0.06).astype(np.float32)  # less colour, the same brightness
_EYESHINE = 0.040  # metres across


MIN_VISIBLE = 0.2
"""Share of an animal that must show for it to have a box."""


@dataclass(frozen=True)
class SeenAnimal:
    """An animal that can be seen in a photo, and where."""

    species: str
    box: Box


@dataclass(frozen=True)
class Light:
    """The light of one event.

    `tint`: colour factor of every pixel. `sun`: 0 (overcast or night) to 1 (clear). `slant`:
    direction of shadows. `noise`: standard deviation of the sensor's noise.
    """

    tint: Plane
    sun: float
    slant: tuple[float, float]
    noise: float


def event_light(rng: Random, scene: Scene, event: SimulatedEvent) -> Light:
    """Draw the light of an event.

    By day it is warmer and dimmer towards evening, with spots of sun between leaves; at night it is
    the flash, darker towards the corners.
    """
    rows, columns = np.mgrid[0:ROWS, 0:WIDTH].astype(np.float32)
    corner = ((columns / WIDTH - 0.5) ** 2 + (rows / ROWS - 0.55) ** 2)[:, :, None]
    if event.night:
        return Light(
            (rng.uniform(0.8, 1.1) * (1 - 1.15 * corner)).astype(np.float32),
            0.0,
            (0.0, 0.0),
            rng.uniform(0.022, 0.04),
        )
    low = ((event.timestamp.hour + event.timestamp.minute / 60 - 13) / 6) ** 2
    warm = np.array([1 + 0.10 * low, 1.0, 1 - 0.16 * low], np.float32) * (
        rng.uniform(1.0, 1.3) - 0.24 * low
    )
    sun, shift = float(rng.uniform()), int(rng.integers(0, WIDTH))
    dapple = 1 + sun * (scene.dapple[:, shift : shift + WIDTH, None] - 1)
    tint = dapple * warm * (1 - 0.3 * corner)
    return Light(
        tint.astype(np.float32),
        sun,
        (float(rng.uniform(-0.9, 0.9)), float(rng.uniform(-0.32, 0.3))),
        0.014,
    )


def expose(
    rng: Random, scene: Scene, event: SimulatedEvent, light: Light, photo: int
) -> tuple[NDArray[np.uint8], tuple[SeenAnimal, ...]]:
    """Render one photo of the burst without the information strip, uint8 (ROWS, WIDTH, 3).

    Also returns the animals that can be seen in it.
    """
    view = scene.night if event.night else scene.day
    image = view.image.copy()
    seen = [
        _paint_animal(rng, image, scene, view, animal, light, event.night)
        for animal in event.animals_at(photo)
    ]
    image *= light.tint
    picture = _apply_sensor(rng, image, light.noise, event.night)
    return picture, tuple(one for one in seen if one)


def _paint_animal(
    rng: Random,
    image: Plane,
    scene: Scene,
    view: SceneView,
    animal: Animal,
    light: Light,
    night: bool,
) -> SeenAnimal | None:
    """Paint one animal into the scene, behind things that are nearer to the camera.

    Returns where it can be seen; None for one of which less than MIN_VISIBLE shows.
    """
    looks = np.random.default_rng(animal.seed)
    sprite = paint(
        animal.kind.draw(animal.pose, looks),
        animal.pixels_per_metre,
        animal.faces_left,
        animal.turned,
        looks,
    )
    colour, alpha = sprite.colour, sprite.alpha
    if night:
        colour = infrared(colour) ** 0.85 * scene.flash(animal.foot)
        colour, alpha = _motion_blur(
            colour, alpha, rng.uniform(0.6, 1.8) * animal.speed * animal.pixels_per_metre * 0.12
        )
    top, left = round(animal.foot - sprite.foot[1]), round(animal.x - sprite.foot[0])
    clear = view.visibility(animal.foot, top, left, (alpha.shape[0], alpha.shape[1]))
    _shadow(image, view, animal, sprite, light, night)
    Cutout(animal.foot, top, left, colour * clear[:, :, None], alpha * clear).paint_onto(image)
    if night and rng.uniform() < 0.85:
        _eyeshine(image, sprite, clear, (left, top), animal.pixels_per_metre)
    return seen_animal(animal.kind.name, sprite.alpha * clear, sprite.alpha, top, left)


def seen_animal(
    species: str, visible: Plane, whole: Plane, top: int, left: int
) -> SeenAnimal | None:
    """Return the box of the pixels that show an animal, as fractions of the photo.

    `visible`, `whole`: how much of each pixel shows it, and would without anything in front of it;
    their corner is at (`top`, `left`) of the picture.
    """
    inside = np.zeros(visible.shape, bool)
    rows = slice(max(0, -top), max(0, ROWS - top))
    columns = slice(max(0, -left), max(0, WIDTH - left))
    inside[rows, columns] = visible[rows, columns] > 0.5
    if inside.sum() < MIN_VISIBLE * (whole > 0.5).sum():
        return None
    y, x = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    height, width = y[-1] + 1 - y[0], x[-1] + 1 - x[0]
    box = Box(
        float(left + x[0]) / WIDTH,
        float(top + y[0]) / HEIGHT,
        float(width) / WIDTH,
        float(height) / HEIGHT,
        confidence=1.0,
    )
    return SeenAnimal(species, box)


def _motion_blur(colour: Plane, alpha: Plane, pixels: float) -> tuple[Plane, Plane]:
    reach = int(pixels)
    if reach < 2:
        return colour, alpha
    return cv2.blur(colour, (reach, 1)), cv2.blur(alpha, (reach, 1))


def _shadow(
    image: Plane, view: SceneView, animal: Animal, sprite: Sprite, light: Light, night: bool
) -> None:
    """Paint the shadow: the animal's outline on the ground, and a dark spot at its feet."""
    x, y = sprite.foot
    lean, squash = (0.0, 0.06) if night else light.slant
    margin = int(0.5 * sprite.alpha.shape[0]) + 8
    rows, columns = 2 * margin, sprite.alpha.shape[1] + 3 * margin
    to_ground = np.array(
        [[1, -lean, 1.5 * margin + lean * y], [0, squash, margin - squash * y]], np.float64
    )
    cast = cv2.warpAffine(sprite.alpha, to_ground, (columns, rows))
    spot = np.zeros_like(cast)
    width = int(0.36 * sprite.alpha.shape[1])
    cv2.ellipse(
        spot, (int(1.5 * margin + x), margin), (width, max(2, width // 7)), 0, 0, 360, 1.0, -1
    )
    dark = (0.12 + 0.4 * light.sun) * cv2.GaussianBlur(cast, (0, 0), 1.5) + 0.38 * cv2.GaussianBlur(
        spot, (0, 0), max(2.0, width / 7)
    )
    top, left = round(animal.foot) - margin, round(animal.x - x - 1.5 * margin)
    clear = view.visibility(animal.foot, top, left, (rows, columns))
    dark = np.minimum(dark, 0.7) * clear
    Cutout(animal.foot, top, left, np.zeros((rows, columns, 3), np.float32), dark).paint_onto(image)


def _eyeshine(
    image: Plane, sprite: Sprite, clear: Plane, corner: tuple[int, int], pixels_per_metre: float
) -> None:
    """Paint the reflection of the flash in the eyes: a bright spot with a halo."""
    size = max(1.6, _EYESHINE * pixels_per_metre / 3)
    reach = int(5 * size)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    spot = np.exp(-(x**2 + y**2) / (2 * size**2)) + 0.25 * np.exp(
        -(x**2 + y**2) / (2 * (2.2 * size) ** 2)
    )
    spot = np.minimum(spot, 1.0).astype(np.float32)
    for column, row in sprite.eyes:
        if clear[min(int(row), clear.shape[0] - 1), min(int(column), clear.shape[1] - 1)] > 0.5:
            top, left = corner[1] + round(row) - reach, corner[0] + round(column) - reach
            Cutout(0, top, left, np.repeat(1.1 * spot[:, :, None], 3, axis=2), spot).paint_onto(
                image
            )


def _apply_sensor(rng: Random, image: Plane, noise: float, night: bool) -> NDArray[np.uint8]:
    """Apply a cheap lens and sensor: blur, noise, low saturation; grey at night."""
    image = cv2.GaussianBlur(image, (0, 0), 0.7)
    grain = rng.standard_normal((ROWS, WIDTH), dtype=np.float32) * noise
    pixels: NDArray[np.uint8]
    if night:
        pixels = cv2.convertScaleAbs(np.maximum(image[:, :, 0] + grain, 0), alpha=255)
        return np.repeat(pixels[:, :, None], 3, axis=2)
    blotches = rng.standard_normal((ROWS // 2, WIDTH // 2, 3), dtype=np.float32) * (0.6 * noise)
    image = (
        cv2.transform(image, _DESATURATE) + cv2.resize(blotches, (WIDTH, ROWS)) + grain[:, :, None]
    )
    pixels = cv2.convertScaleAbs(np.maximum(image, 0), alpha=255)
    return pixels
