"""Draw the photos of the demo's cameras, and write the table with their labels."""

from __future__ import annotations

import csv
import functools
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np

from ctc.demo.camera import SeenAnimal, event_light, expose
from ctc.demo.drawing.animals import KINDS, AnimalKind
from ctc.demo.drawing.habitats import HABITATS, Habitat
from ctc.demo.drawing.scenery import Scene, draw_scene
from ctc.demo.events import SimulatedEvent, plan_events, single_event
from ctc.demo.photo import write_photo
from ctc.demo.true_boxes import BOXES, write_boxes

COLUMNS = (
    "event_id",
    "image1",
    "image2",
    "image3",
    "species",
    "count",
    "location",
    "night",
    "datetime",
)
MAX_BURST = 3

_LABELLED_CAMERAS, _NEW_CAMERA = 0, 1  # streams of random numbers


def draw_world(
    folder: Path,
    *,
    seed: int,
    locations: int,
    events_per_location: int,
    workers: int | None = None,
    animal_scale: float = 1.0,
) -> Path:
    """Draw labelled photos, write `folder/labels.csv` and BOXES, and return the path of the first.

    The photos are `folder/photos/<location>/IMG_0001.JPG …`. The table has one row per event, with
    images relative to `folder/photos` and empty cells where a burst has fewer than MAX_BURST
    photos; `count` is empty for empty events. The same seed gives the same bytes with any number of
    `workers` (threads; by default one per core). `animal_scale`: below 1, animals stand farther
    away, and are smaller by that. Raises OSError if `folder` can't be written.
    """
    draw = functools.partial(
        _draw_location, folder / "photos", seed, events_per_location, animal_scale
    )
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        parts = list(pool.map(draw, range(locations)))
    rows = [row for part, _ in parts for row in part]
    write_boxes(folder / BOXES, {file: seen for _, found in parts for file, seen in found.items()})
    table = folder / "labels.csv"
    with open(table, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return table


def draw_new_photos(folder: Path, *, seed: int, count: int) -> Path:
    """Draw `count` photos of another camera into `folder/new-photos`; return that folder.

    Each photo has one animal, kind after kind, then none, alternately by day and night. Raises
    OSError if `folder` can't be written.
    """
    target = folder / "new-photos"
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, _NEW_CAMERA])
    scene = draw_scene(rng, HABITATS[int(rng.integers(0, len(HABITATS)))])
    kinds: tuple[AnimalKind | None, ...] = (*KINDS, None)
    for number in range(count):
        event = single_event(rng, scene, kinds[number % len(kinds)], night=number % 2 == 1)
        _draw_event(rng, scene, event, "camera-new", [target / _file_name(number + 1)])
    return target


def location_name(seed: int, location: int) -> str:
    """Return the name of a camera's location, such as `birchwood-03`.

    Habitats repeat cyclically, in an order that depends on the seed.
    """
    return f"{_habitat_of(seed, location).name}-{location + 1:02d}"


def _habitat_of(seed: int, location: int) -> Habitat:
    order = np.random.default_rng([seed, _LABELLED_CAMERAS]).permutation(len(HABITATS))
    return HABITATS[int(order[location % len(HABITATS)])]


def _draw_location(
    photos: Path, seed: int, events: int, animal_scale: float, location: int
) -> tuple[list[tuple[str, ...]], dict[str, tuple[SeenAnimal, ...]]]:
    """Draw the photos of a camera; return its rows of the table, and what each photo shows."""
    rng, name = (
        np.random.default_rng([seed, _LABELLED_CAMERAS, location]),
        location_name(seed, location),
    )
    (photos / name).mkdir(parents=True, exist_ok=True)
    scene = draw_scene(rng, _habitat_of(seed, location))
    numbers, rows = iter(range(1, 10**9)), []
    shown: dict[str, tuple[SeenAnimal, ...]] = {}
    planned = plan_events(rng, scene, events, animal_scale)
    for number, event in enumerate(planned, start=1):
        files = [_file_name(next(numbers)) for _ in range(event.photos)]
        seen = _draw_event(rng, scene, event, name, [photos / name / file for file in files])
        shown |= {f"{name}/{file}": one for file, one in zip(files, seen, strict=True)}
        rows.append(_row(event, f"{name}-{number:04d}", name, files))
    return rows, shown


def _draw_event(
    rng: np.random.Generator, scene: Scene, event: SimulatedEvent, camera: str, paths: list[Path]
) -> list[tuple[SeenAnimal, ...]]:
    """Draw the photos of an event; return what each shows."""
    shown = []
    light = event_light(rng, scene, event)
    for photo, path in enumerate(paths):
        picture, seen = expose(rng, scene, event, light, photo)
        shown.append(seen)
        write_photo(
            path,
            picture,
            event.timestamp + timedelta(seconds=1.1 * photo),
            event.temperature,
            camera,
        )
    return shown


def _row(event: SimulatedEvent, event_id: str, location: str, files: list[str]) -> tuple[str, ...]:
    images = [f"{location}/{file}" for file in files] + [""] * (MAX_BURST - len(files))
    night, when = "yes" if event.night else "no", event.timestamp.isoformat(timespec="seconds")
    return event_id, *images, event.species, event.count, location, night, when


def _file_name(number: int) -> str:
    return f"IMG_{number:04d}.JPG"
