"""Assignment of whole groups to splits."""

from __future__ import annotations

import numpy as np
import pytest

from ctc.dataset.splitting.group_assignment import GroupCounts, assign_groups

SHARES = np.array([0.7, 0.15, 0.15])


def assign(groups: list[int], classes: list[int], shares: np.ndarray = SHARES) -> np.ndarray:
    """Return the split of each group; event i has the group and the class at position i."""
    event_index = np.arange(len(groups))
    counts = GroupCounts.from_events(np.array(groups), event_index, [np.array(classes)])
    return assign_groups(counts, shares, np.random.default_rng(0))


def test_assign_groups_meets_shares_exactly_with_equal_groups() -> None:
    split_of = assign([i // 5 for i in range(100)], [0] * 100)
    assert np.bincount(split_of).tolist() == [14, 3, 3]


def test_assign_groups_spreads_class_of_few_groups_over_splits() -> None:
    groups = [i // 10 for i in range(600)]
    classes = [1 if group in (7, 23, 41) and i % 2 else 0 for i, group in enumerate(groups)]
    split_of = assign(groups, classes)
    assert sorted(split_of[[7, 23, 41]].tolist()) == [0, 1, 2]
    assert np.bincount(split_of, minlength=3) / 60 == pytest.approx(SHARES, abs=0.04)


def test_assign_groups_beats_random_assignment_for_classes() -> None:
    rng = np.random.default_rng(1)
    usual_class = rng.integers(0, 8, 120)
    groups = rng.integers(0, 120, 5000)
    classes = np.where(rng.random(5000) < 0.7, usual_class[groups], rng.integers(0, 8, 5000))

    def worst(split_of: np.ndarray) -> float:
        shares = [
            np.bincount(split_of[groups[classes == c]], minlength=3) / (classes == c).sum()
            for c in range(8)
        ]
        return float(np.abs(np.array(shares) - SHARES).max())

    by_chance = rng.permutation(np.repeat([0, 1, 2], [84, 18, 18]))
    assert worst(assign(groups.tolist(), classes.tolist())) < worst(by_chance) / 3


def test_assign_groups_isolates_huge_group() -> None:
    groups = [0] * 500 + [1 + i // 10 for i in range(200)]
    split_of = assign(groups, [0] * 700)
    assert split_of[0] == 0
    assert set(split_of[1:].tolist()) == {1, 2}


def test_assign_groups_fills_every_split_with_minimal_groups() -> None:
    assert sorted(assign([0] * 90 + [1] * 5 + [2] * 5, [0] * 100).tolist()) == [0, 1, 2]


def test_group_counts_handles_missing_classes_and_several_observations() -> None:
    counts = GroupCounts.from_events(
        np.array([0, 1, 1]), np.array([0, 0, 1, 2]), [np.array([0, 1, 1, -1])]
    )
    assert counts.sizes.tolist() == [1, 2]
    assert [column.tolist() for column in counts.get_group(0)] == [[0, 1, 2], [1, 1, 1]]
    assert [column.tolist() for column in counts.get_group(1)] == [[0, 2], [2, 1]]
    assert counts.totals.tolist() == [3, 1, 2]
