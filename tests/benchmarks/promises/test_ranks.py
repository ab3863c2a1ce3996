"""The study of promised ranks, on a small scale: benchmarks/promises/ranks.py."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.promises import ranks as study


def test_the_probabilities_of_the_world_are_calibrated() -> None:
    drawn = study.draw(study.World("independent"), 20_000, 0, np.random.default_rng(1))
    right = np.array([study.CLASSES[one] for one in drawn.probabilities.argmax(axis=1)])
    shares = drawn.probabilities.max(axis=1)
    for low in (0.3, 0.5, 0.7, 0.9):
        chosen = (shares >= low) & (shares < low + 0.1)
        hits = (right == np.array(drawn.truth))[chosen].mean()
        assert hits == pytest.approx(shares[chosen].mean(), abs=0.03)


@pytest.mark.parametrize(
    "changes",
    [{"cameras": 20}, {"burst": 5, "wrong": 0.055}, {"cameras": 20, "foreign": 0.05}],
    ids=["20 cameras", "bursts and wrong labels", "20 cameras and foreign classes"],
)
def test_promised_ranks_hold_on_fresh_cameras(changes) -> None:
    tally = study.study(study.World("small", **changes), 1_000, 25)
    assert sum(tally.given.values()) >= 20
    assert sum(tally.missed.values()) <= 0.05 * 25 * len(study.RANKS)
    assert tally.by_rank > tally.by_class
