"""Studies of reviews, small and seeded; whole: benchmarks/promises/audit.py, review_rounds.py."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import review_rounds as rounds
from benchmarks.promises import audit


def test_worlds_fall_just_short() -> None:
    levels, right = audit._season(audit.World("", 2_000, by_threshold=True))

    shares = [right[levels >= level].mean() for level in range(10)]

    assert [share < 0.95 for share in shares] == [True] * 10
    assert min(shares) > 0.94


@pytest.mark.parametrize("changes", [{}, {"by_threshold": True}, {"kept": 500, "lost": 0.05}])
def test_audit_hardly_ever_shows_what_does_not_hold(changes: dict) -> None:
    world, rng = audit.World("", 500, **changes), np.random.default_rng(3)

    claims = [audit.simulate(world, rng)[0] for _ in range(60)]

    missed = sum(one.state == "shown" or one.threshold is not None for one in claims)
    assert missed <= 6


def test_a_test_for_one_look_shows_more() -> None:
    world, rng = audit.World("", 5_000), np.random.default_rng(3)

    passed = [audit.naive(world, audit.simulate(world, rng)[1]) for _ in range(60)]

    assert sum(passed) > 6


def test_annotator_labels_a_third() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300).astype(np.int32)
    features = (rng.normal(size=(300, 8)) + 3 * np.eye(3, 8)[truth]).astype(np.float32)
    world = rounds.World(features, truth, np.arange(300) // 10, ("boar", "deer", "fox"))
    pool, test = rounds.divide(world, 0)

    accuracies = rounds.annotate(pool, test, rounds.pick_worth, 0)

    assert (len(pool.truth), len(test.truth)) == (200, 100)
    assert not set(pool.place) & set(test.place)
    assert len(accuracies) == 5
    assert accuracies[-1] > 0.9
