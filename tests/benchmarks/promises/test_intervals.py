"""Coverage of the intervals in drawn worlds: small and seeded; in full: benchmarks.promises."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.promises.intervals import WORLDS, World, covered, draw, true_figures

LEAST = 0.88
"""Of 95 %, with chance in 100 repetitions: less happens in 0.4 % of the cases."""


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS[:5], ids=lambda world: world.name)
def test_intervals_hold_the_truth_as_often_as_they_say(world: World) -> None:
    found = covered(world, 100)
    assert {figure: shares.mean() >= LEAST for figure, shares in found.items()} == dict.fromkeys(
        found, True
    )


def test_intervals_for_new_cameras_hold_where_those_for_the_same_do_not() -> None:
    world = next(world for world in WORLDS if world.new)
    rng = np.random.default_rng(0)
    drawn = [draw(world, rng) for _ in range(60)]
    from benchmarks.promises.intervals import estimates

    top = [(estimates(one)["top_1"][0], true_figures(one.confusion)["top_1"][0]) for one in drawn]
    same = np.mean([one.low <= value <= one.high for one, value in top])
    new = np.mean([one.new_low <= value <= one.new_high for one, value in top])
    assert same < 0.8 < 0.88 < new


def test_the_true_figures_are_those_of_many_answers() -> None:
    world = World("many", 200_000, photos=True)
    drawn = draw(world, np.random.default_rng(0))
    right = float((drawn.truth == drawn.predicted).mean())
    assert right == pytest.approx(true_figures(drawn.confusion)["top_1"][0], abs=0.005)
