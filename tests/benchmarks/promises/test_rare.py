"""The study of promises where few cameras are wrong: benchmarks/promises/rare.py."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.promises import rare as study


def test_a_promise_is_given_where_no_camera_of_the_split_is_a_bad_one() -> None:
    world = study.World(30, 40, 0.0, 0.9)
    assert study.misses_precision(world, np.random.default_rng(1))


def test_no_promise_is_given_where_many_cameras_are_bad() -> None:
    world = study.World(30, 40, 0.5, 0.9)
    assert not study.misses_precision(world, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("limit", "share"), [(0.1, 0.05), (0.95, 0.025), (1.0, 0.0), (0.05, 0.525)]
)
def test_lost_is_the_share_of_new_animals_above_the_limit(limit: float, share: float) -> None:
    assert study.lost(study.World(30, 30, 0.1, 0.5), limit) == pytest.approx(share)
