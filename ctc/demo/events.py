"""Plan the events of one camera: which animals come when, where they stand and how they move."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from ctc.demo.drawing.animals import KINDS, AnimalKind
from ctc.demo.drawing.figure import Pose, Posture
from ctc.demo.drawing.scenery import Scene
from ctc.demo.frame import ROWS, WIDTH

Random = np.random.Generator

_KIND_CYCLE: tuple[AnimalKind | None, ...] = (
    *KINDS,
    *KINDS,
    None,
    None,
    None,
    None,
)
"""A quarter of the events are empty."""


@dataclass(frozen=True)
class Animal:
    """One animal in one photo.

    It stands at pixel (`x`, `foot`) and is drawn at `pixels_per_metre`. `seed` determines its
    individual looks. `speed`: metres from one photo of a burst to the next.
    """

    kind: AnimalKind
    seed: int
    posture: Posture
    faces_left: bool
    turned: float
    x: float
    foot: float
    pixels_per_metre: float
    stride: float
    speed: float

    def moved(self, photos: int) -> Animal:
        """Return the same animal `photos` photos later."""
        way = self.speed * photos * self.pixels_per_metre
        return replace(
            self, x=self.x + (-way if self.faces_left else way), stride=self.stride + 1.3 * photos
        )

    @property
    def pose(self) -> Pose:
        """The pose in which it is drawn."""
        return Pose(self.posture, self.stride)


@dataclass(frozen=True)
class SimulatedEvent:
    """One trigger of the camera: a burst of `photos` photos, about a second apart.

    `temperature` is in °C.
    """

    timestamp: datetime
    night: bool
    temperature: int
    photos: int
    animals: tuple[Animal, ...]

    @property
    def species(self) -> str:
        """The label `species`: the name of the kind, or `empty`."""
        return self.animals[0].kind.name if self.animals else "empty"

    @property
    def count(self) -> str:
        """The label `count`: `1`, `2` or `3+`; the empty string for an empty event."""
        return ("", "1", "2", "3+")[min(3, len(self.animals))]

    def animals_at(self, photo: int) -> tuple[Animal, ...]:
        """Return the animals in a photo of the burst, from far to near."""
        return tuple(
            sorted((animal.moved(photo) for animal in self.animals), key=lambda animal: animal.foot)
        )


def plan_events(
    rng: Random, scene: Scene, count: int, animal_scale: float = 1.0
) -> list[SimulatedEvent]:
    """Plan the events of one camera, sorted by time; every kind comes about equally often.

    `animal_scale`: of the animals' heights in the photo.
    """
    first_day = datetime(2024, 3, 1) + timedelta(days=int(rng.integers(0, 200)))
    warm, taken = float(rng.uniform(6, 22)), set[datetime]()
    events = []
    for drawn in _draw_kinds(rng, count):
        kind = drawn and _scaled(drawn, animal_scale)
        night = bool(rng.uniform() < (kind.nocturnal if kind else 0.45))
        when = _random_time(rng, first_day, count, night, taken)
        temperature = round(warm - 5 * math.cos((when.hour - 3) / 12 * math.pi) + rng.normal(0, 2))
        photos = int(rng.choice([1, 2, 3], p=[0.3, 0.35, 0.35]))
        events.append(
            SimulatedEvent(
                when, night, temperature, photos, _group(rng, scene, kind) if kind else ()
            )
        )
    return sorted(events, key=lambda event: event.timestamp)


def single_event(rng: Random, scene: Scene, kind: AnimalKind | None, night: bool) -> SimulatedEvent:
    """Plan an event of one photo with one animal, or none."""
    when = _random_time(rng, datetime(2025, 5, 1), 20, night, set())
    return SimulatedEvent(
        when, night, int(rng.integers(4, 20)), 1, (_animal(rng, scene, kind),) if kind else ()
    )


def _scaled(kind: AnimalKind, scale: float) -> AnimalKind:
    smallest, largest = kind.frame_share
    return replace(kind, frame_share=(scale * smallest, scale * largest))


def _draw_kinds(rng: Random, count: int) -> list[AnimalKind | None]:
    cards: list[AnimalKind | None] = []
    while len(cards) < count:
        cards += [_KIND_CYCLE[index] for index in rng.permutation(len(_KIND_CYCLE))]
    return cards[:count]


def _random_time(
    rng: Random, first_day: datetime, days: int, night: bool, taken: set[datetime]
) -> datetime:
    """Draw a time by day (7:00–19:00) or night (21:00–5:00), in a quarter of an hour still free."""
    while True:
        hour = rng.uniform(21, 29) % 24 if night else rng.uniform(7, 19)
        when = first_day + timedelta(days=int(rng.integers(0, max(20, days))), hours=float(hour))
        quarter = when.replace(minute=when.minute // 15 * 15, second=0, microsecond=0)
        if quarter not in taken:
            taken.add(quarter)
            return when


def _group(rng: Random, scene: Scene, kind: AnimalKind) -> tuple[Animal, ...]:
    """Draw one to four animals of a kind, side by side at about the same distance."""
    size = int(rng.choice([1, 2, 3, 4], p=[0.66, 0.18, 0.11, 0.05]))
    first = _animal(rng, scene, kind)
    places = [1, -1, 2, -2] if first.x < WIDTH / 2 else [-1, 1, -2, 2]
    apart = kind.length * first.pixels_per_metre
    group = [first]
    for place in places:
        foot = float(np.clip(first.foot + rng.normal(0, 10), scene.horizon + 30, ROWS * 0.96))
        x = first.x + place * apart * rng.uniform(0.55, 0.85)
        scale = scene.pixels_per_metre(foot)
        if (
            len(group) < size
            and 0.05 < x / WIDTH < 0.95
            and _is_visible(scene, kind, x, foot, scale)
        ):
            group.append(replace(_animal(rng, scene, kind), x=x, foot=foot, pixels_per_metre=scale))
    return tuple(group)


def _animal(rng: Random, scene: Scene, kind: AnimalKind) -> Animal:
    posture = kind.postures[int(rng.integers(0, len(kind.postures)))]
    share = rng.uniform(*kind.frame_share)
    foot = min(scene.foot_for(share * ROWS / kind.height), ROWS * 0.96)
    scale = scene.pixels_per_metre(foot)
    animal = Animal(
        kind=kind,
        seed=int(rng.integers(0, 2**32)),
        posture=posture,
        faces_left=bool(rng.uniform() < 0.5),
        turned=float(rng.uniform(0.78, 1.0)),
        x=_column(rng, scene, kind, foot, scale),
        foot=foot,
        pixels_per_metre=scale,
        stride=float(rng.uniform(0, 2 * math.pi)),
        speed=float(kind.height * rng.uniform(0.12, 0.35)) if posture == "walking" else 0.0,
    )
    end = animal.moved(2).x / WIDTH
    return animal if 0.05 < end < 0.95 else replace(animal, faces_left=not animal.faces_left)


def _column(rng: Random, scene: Scene, kind: AnimalKind, foot: float, scale: float) -> float:
    """Draw the animal's column: sometimes cut by the edge of the frame, rarely behind a trunk."""
    for _ in range(8):
        x = float(rng.uniform(0.15, 0.85) * WIDTH)
        if rng.uniform() < 0.08:
            x = float(
                WIDTH * (rng.uniform(0.0, 0.06) if rng.uniform() < 0.5 else rng.uniform(0.94, 1.0))
            )
        if _is_visible(scene, kind, x, foot, scale):
            break
    return x


def _is_visible(scene: Scene, kind: AnimalKind, x: float, foot: float, scale: float) -> bool:
    tall, wide = int(kind.height * scale), int(0.8 * kind.length * scale)
    return (
        float(scene.day.visibility(foot, int(foot) - tall, int(x) - wide // 2, (tall, wide)).mean())
        > 0.8
    )
