"""The camera's place: constant, in perspective, lit by day and by flash."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from ctc.demo.growth import Cutout
from ctc.demo.habitats import HABITATS
from ctc.demo.photo import moon_age
from ctc.demo.scenery import Scene, draw_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return draw_scene(np.random.default_rng(5), HABITATS[0])


def test_a_scene_is_the_same_for_the_same_seed(scene: Scene) -> None:
    again = draw_scene(np.random.default_rng(5), HABITATS[0])
    assert np.array_equal(scene.day.image, again.day.image)


def test_the_nearer_the_larger(scene: Scene) -> None:
    assert scene.foot_for(scene.pixels_per_metre(300.0)) == pytest.approx(300.0)
    assert scene.pixels_per_metre(400.0) > scene.pixels_per_metre(300.0)


def test_the_flash_fades_with_the_distance(scene: Scene) -> None:
    assert scene.flash(440.0) > 2 * scene.flash(scene.horizon + 20)


def test_the_night_is_grey_and_its_sky_is_black(scene: Scene) -> None:
    night = scene.night.image
    assert np.ptp(night, axis=2).max() == 0
    assert night[: int(scene.horizon / 2)].mean() < 0.2 * night[-100:].mean()


def test_only_nearer_things_hide(scene: Scene) -> None:
    in_front_of_all = scene.day.visibility(10_000.0, 200, 0, (100, 640))
    behind_all = scene.day.visibility(0.0, 200, 0, (100, 640))
    assert in_front_of_all.min() == 1.0
    assert behind_all.mean() < 0.9


def test_a_cutout_may_stick_out_of_the_picture() -> None:
    picture = np.zeros((4, 4, 3), np.float32)
    Cutout(0.0, -1, 3, np.ones((2, 3, 3), np.float32), np.ones((2, 3), np.float32)).paint_onto(
        picture
    )
    assert picture[:, :, 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_a_cutout_outside_changes_nothing() -> None:
    picture = np.zeros((4, 4, 3), np.float32)
    Cutout(0.0, 9, 9, np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32)).paint_onto(
        picture
    )
    assert picture.sum() == 0


@pytest.mark.parametrize(
    ("day", "age"), [(datetime(2024, 1, 25, 18), 0.5), (datetime(2025, 1, 29, 13), 0.0)]
)
def test_the_moon_is_right(day: datetime, age: float) -> None:
    assert abs((moon_age(day) - age + 0.5) % 1 - 0.5) < 0.03
