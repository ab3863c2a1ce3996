"""Whole groups to splits, shares and classes as near as they can be."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.dataset.group_assignment import GroupCounts, assign_groups

SHARES = np.array([0.7, 0.15, 0.15])


def placed(groups: list[int], classes: list[int], shares: np.ndarray = SHARES) -> np.ndarray:
    """The split of each group; event i has the group and the class at place i."""
    owner = np.arange(len(groups))
    counts = GroupCounts.from_events(np.array(groups), owner, [np.array(classes)])
    return assign_groups(counts, shares, np.random.default_rng(0))


def test_equal_groups_meet_the_shares_exactly() -> None:
    split_of = placed([i // 5 for i in range(100)], [0] * 100)
    assert np.bincount(split_of).tolist() == [14, 3, 3]


def test_a_class_that_lives_in_few_groups_still_reaches_every_split() -> None:
    groups = [i // 10 for i in range(600)]
    classes = [1 if group in (7, 23, 41) and i % 2 else 0 for i, group in enumerate(groups)]
    split_of = placed(groups, classes)
    assert sorted(split_of[[7, 23, 41]].tolist()) == [0, 1, 2]
    assert np.bincount(split_of, minlength=3) / 60 == pytest.approx(SHARES, abs=0.04)


def test_classes_are_nearer_to_the_shares_than_by_chance() -> None:
    rng = np.random.default_rng(1)
    home = rng.integers(0, 8, 120)
    groups = rng.integers(0, 120, 5000)
    classes = np.where(rng.random(5000) < 0.7, home[groups], rng.integers(0, 8, 5000))

    def worst(split_of: np.ndarray) -> float:
        shares = [
            np.bincount(split_of[groups[classes == c]], minlength=3) / (classes == c).sum()
            for c in range(8)
        ]
        return float(np.abs(np.array(shares) - SHARES).max())

    by_chance = rng.permutation(np.repeat([0, 1, 2], [84, 18, 18]))
    assert worst(placed(groups.tolist(), classes.tolist())) < worst(by_chance) / 3


def test_one_huge_group_leaves_the_others_their_share() -> None:
    groups = [0] * 500 + [1 + i // 10 for i in range(200)]
    split_of = placed(groups, [0] * 700)
    assert split_of[0] == 0
    assert set(split_of[1:].tolist()) == {1, 2}


def test_every_split_gets_a_group_when_there_are_just_enough() -> None:
    assert sorted(placed([0] * 90 + [1] * 5 + [2] * 5, [0] * 100).tolist()) == [0, 1, 2]


def test_missing_classes_and_several_observations_are_counted_as_they_are() -> None:
    counts = GroupCounts.from_events(
        np.array([0, 1, 1]), np.array([0, 0, 1, 2]), [np.array([0, 1, 1, -1])]
    )
    assert counts.sizes.tolist() == [1, 2]
    assert [column.tolist() for column in counts.get_group(0)] == [[0, 1, 2], [1, 1, 1]]
    assert [column.tolist() for column in counts.get_group(1)] == [[0, 2], [2, 1]]
    assert counts.totals.tolist() == [3, 1, 2]
