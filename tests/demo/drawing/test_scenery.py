"""Scenes of the demo: reproducible, in perspective, lit by day and by flash."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from ctc.demo.drawing.growth import Cutout
from ctc.demo.drawing.habitats import HABITATS
from ctc.demo.drawing.scenery import Scene, draw_scene
from ctc.demo.photo import moon_age


@pytest.fixture(scope="module")
def scene() -> Scene:
    return draw_scene(np.random.default_rng(5), HABITATS[0])


def test_draw_scene_is_reproducible(scene: Scene) -> None:
    again = draw_scene(np.random.default_rng(5), HABITATS[0])
    assert np.array_equal(scene.day.image, again.day.image)


def test_scene_scale_grows_with_nearness(scene: Scene) -> None:
    assert scene.foot_for(scene.pixels_per_metre(300.0)) == pytest.approx(300.0)
    assert scene.pixels_per_metre(400.0) > scene.pixels_per_metre(300.0)


def test_scene_flash_fades_with_distance(scene: Scene) -> None:
    assert scene.flash(440.0) > 2 * scene.flash(scene.horizon + 20)


def test_scene_night_is_grey_with_black_sky(scene: Scene) -> None:
    night = scene.night.image
    assert np.ptp(night, axis=2).max() == 0
    assert night[: int(scene.horizon / 2)].mean() < 0.2 * night[-100:].mean()


def test_visibility_is_reduced_by_nearer_things_only(scene: Scene) -> None:
    in_front_of_all = scene.day.visibility(10_000.0, 200, 0, (100, 640))
    behind_all = scene.day.visibility(0.0, 200, 0, (100, 640))
    assert in_front_of_all.min() == 1.0
    assert behind_all.mean() < 0.9


def test_cutout_is_clipped_at_edge() -> None:
    picture = np.zeros((4, 4, 3), np.float32)
    Cutout(0.0, -1, 3, np.ones((2, 3, 3), np.float32), np.ones((2, 3), np.float32)).paint_onto(
        picture
    )
    assert picture[:, :, 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_cutout_outside_changes_nothing() -> None:
    picture = np.zeros((4, 4, 3), np.float32)
    Cutout(0.0, 9, 9, np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32)).paint_onto(
        picture
    )
    assert picture.sum() == 0


@pytest.mark.parametrize(
    ("day", "age"), [(datetime(2024, 1, 25, 18), 0.5), (datetime(2025, 1, 29, 13), 0.0)]
)
def test_moon_age_matches_known_phases(day: datetime, age: float) -> None:
    assert abs((moon_age(day) - age + 0.5) % 1 - 0.5) < 0.03
