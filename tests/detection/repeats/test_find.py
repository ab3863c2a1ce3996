"""The search for places where boxes come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from ctc.artifacts.boxes import Box
from ctc.detection.repeats.boxes_file import CameraBoxes
from ctc.detection.repeats.find import DEFAULT_REPEATS, find_repeats

STONE = Box(0.3, 0.5, 0.1, 0.12)
START = datetime(2024, 5, 1)


def camera(*boxes: Box | tuple[Box, ...], hours: float | None = 3.0) -> CameraBoxes:
    """A camera with a photo per box, or boxes, `hours` apart."""
    found = CameraBoxes()
    for number, of_photo in enumerate(boxes):
        found.files.append(f"cam/{number:03}.jpg")
        found.times.append(None if hours is None else START + timedelta(hours=hours * number))
        for box in of_photo if isinstance(of_photo, tuple) else (of_photo,):
            found.boxes.append(box)
            found.categories.append("animal")
            found.photos.append(number)
            found.shown.append(found.files[-1])
    return found


def moved(box: Box, by: float) -> Box:
    return replace(box, x=box.x + by)


def places(found: CameraBoxes, **options: float) -> list[tuple[Box, int]]:
    config = replace(DEFAULT_REPEATS, **options)
    return [(one.place.box, one.place.photos) for one in find_repeats({"cam": found}, config)]


def test_find_repeats_finds_a_box_in_many_photos() -> None:
    (one,) = find_repeats({"cam": camera(*[STONE] * 20)})
    assert one.place.camera == "cam"
    assert (one.place.box, one.place.photos, one.place.keep) == (STONE, 20, False)
    assert one.place.first == "2024-05-01T00:00:00"
    assert one.place.last == "2024-05-03T09:00:00"
    assert one.photos == ("cam/000.jpg", "cam/010.jpg", "cam/019.jpg")


@pytest.mark.parametrize(("photos", "count"), [(14, 0), (15, 1)])
def test_find_repeats_needs_enough_photos(photos, count) -> None:
    assert len(places(camera(*[STONE] * photos))) == count


def test_find_repeats_counts_a_photo_with_two_boxes_once() -> None:
    assert places(camera(*[(STONE, moved(STONE, 0.001))] * 10)) == []


def test_find_repeats_counts_a_video_once_and_shows_the_frame_of_the_box() -> None:
    found = camera(*[(STONE, moved(STONE, 0.001))] * 15)
    found.shown = [f"cam/{number:03}.mp4#t={t}" for number in range(15) for t in (1, 2)]
    (one,) = find_repeats({"cam": found})
    assert one.place.photos == 15
    assert [path.partition("#")[0] for path in one.photos] == [
        "cam/000.mp4",
        "cam/007.mp4",
        "cam/014.mp4",
    ]
    assert all("#t=" in path for path in (*one.photos, one.place.example))


def test_find_repeats_passes_over_an_animal_that_rests() -> None:
    assert places(camera(*[STONE] * 20, hours=1)) == []
    assert len(places(camera(*[STONE] * 20, hours=1), min_hours=19)) == 1
    assert len(places(camera(*[STONE] * 20, hours=None))) == 1


def test_find_repeats_passes_over_large_boxes() -> None:
    half = Box(0.1, 0.1, 0.7, 0.7)
    assert places(camera(*[half] * 20)) == []
    assert len(places(camera(*[half] * 20), max_area=0.5)) == 1


def test_find_repeats_tells_neighbours_apart() -> None:
    """An intersection over union of 0.85 is a shift by 8 % of the width, 0.008 here."""
    beside = moved(STONE, 0.02)
    assert places(camera(*[STONE] * 20, *[beside] * 16)) == [(STONE, 20), (beside, 16)]
    assert len(places(camera(*[STONE] * 20, *[beside] * 16), min_iou=0.5)) == 1


def test_find_repeats_takes_the_densest_place_in_any_order() -> None:
    """The box in the middle of a stone that jitters, however the photos are sorted."""
    random = np.random.default_rng(0)
    boxes = [moved(STONE, by) for by in random.normal(0, 0.002, 60)]
    passing = [Box(*random.uniform(0.05, 0.4, 4)) for _ in range(60)]
    expected = places(camera(*boxes, *passing, hours=None))
    assert len(expected) == 1
    assert abs(expected[0][0].x - STONE.x) < 0.001
    for _ in range(3):
        mixed = [*boxes, *passing]
        random.shuffle(mixed)
        assert places(camera(*mixed, hours=None)) == expected


def test_find_repeats_agrees_with_a_slow_count() -> None:
    """The window on left sides misses no neighbour."""
    random = np.random.default_rng(1)
    boxes = [
        Box(0.3 + x, 0.4 + y, 0.2 * w, 0.2 * h)
        for x, y, w, h in zip(
            *random.normal(0, 0.01, (2, 300)), *random.uniform(0.7, 1.4, (2, 300)), strict=True
        )
    ]

    def overlap(a: Box, b: Box) -> float:
        width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        shared = max(width, 0) * max(height, 0)
        return shared / (a.width * a.height + b.width * b.height - shared)

    counts = [sum(overlap(one, other) >= 0.85 for other in boxes) for one in boxes]
    assert max(counts) >= 15
    assert places(camera(*boxes, hours=None))[0][1] == max(counts)


def test_find_repeats_keeps_cameras_apart() -> None:
    assert not list(find_repeats({"a": camera(*[STONE] * 8), "b": camera(*[STONE] * 8)}))
