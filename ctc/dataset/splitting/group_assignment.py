"""Assign groups to splits so that every class comes as close to the shares as whole groups allow.

The loss of an assignment is the sum, over splits s and classes c, of

    w(c) · (a(s, c) − d(s, c))² / (share(s) · n(c)²)

where a(s, c) is the number of the class's n(c) observations that are in s, and
d(s, c) = share(s) · n(c) is the target. A split that has none of the class adds w(c) again. All
classes have the same weight, however rare; "all events" is one more class that weighs as much as
all others together. Groups are assigned greedily, the largest first, and then moved while that
lowers the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.arrow_columns import Ints

Floats = NDArray[np.float64]
_MAX_ROUNDS = 3


@dataclass(frozen=True)
class GroupCounts:
    """How often each class occurs in each group, as a sparse table.

    Group g has `counts[starts[g]:starts[g + 1]]` observations of the classes at the same positions
    in `classes`. Class 0 stands for the events themselves. `sizes`: events per group. `totals`:
    per class, over all groups.
    """

    starts: Ints
    classes: Ints
    counts: Floats
    sizes: Ints
    totals: Floats

    @classmethod
    def from_events(cls, groups: Ints, event_index: Ints, labels: Sequence[Ints]) -> GroupCounts:
        """Count the classes.

        `groups`: the group of each event. `labels`: per label the class (−1 = missing) of each
        observation; `event_index`: the event of each observation.
        """
        pairs, offset = [np.stack([groups, np.zeros_like(groups)])], 1
        for codes in labels:
            known = codes >= 0
            pairs.append(np.stack([groups[event_index[known]], codes[known] + offset]))
            offset += int(codes.max(initial=-1)) + 1
        group, kind = np.concatenate(pairs, axis=1)
        keys, counts = np.unique(group * offset + kind, return_counts=True)
        sizes = np.bincount(groups)
        starts = np.searchsorted(keys, np.arange(len(sizes) + 1) * offset)
        classes = keys % offset
        return cls(
            starts,
            classes,
            counts.astype(float),
            sizes,
            np.bincount(classes, counts, offset).astype(float),
        )

    def get_group(self, group: int) -> tuple[Ints, Floats]:
        """Return the classes of one group and how often they occur."""
        span = slice(self.starts[group], self.starts[group + 1])
        return self.classes[span], self.counts[span]


def assign_groups(counts: GroupCounts, shares: Floats, generator: np.random.Generator) -> Ints:
    """Return the number of each group's split; every split gets at least one group."""
    order = generator.permutation(len(counts.sizes))
    order = order[np.argsort(-counts.sizes[order], kind="stable")]
    assignment = _Assignment(counts, shares)
    for position, group in enumerate(order):
        empty = assignment.empty_splits()
        must_fill = len(order) - position <= len(empty)
        assignment.assign(group, empty if must_fill else np.arange(len(shares)))
    for _ in range(_MAX_ROUNDS):
        if not sum(assignment.reassign(group) for group in order):
            break
    return assignment.split_of_group


class _Assignment:
    """The groups assigned so far."""

    def __init__(self, counts: GroupCounts, shares: Floats) -> None:
        weights = np.ones_like(counts.totals)
        weights[0] = max(1, (counts.totals[1:] > 0).sum())
        self._counts = counts
        self._target = shares[:, None] * counts.totals
        self._assigned = np.zeros_like(self._target)
        self._weights = weights
        self._scale = 1 / (shares[:, None] * np.maximum(counts.totals, 1) ** 2)
        self._groups_per_split = np.zeros(len(shares), np.int64)
        self.split_of_group = np.full(len(counts.sizes), -1)

    def empty_splits(self) -> Ints:
        """Return the splits without a group."""
        return np.flatnonzero(self._groups_per_split == 0)

    def assign(self, group: int, splits: Ints) -> None:
        """Assign the group to the one of `splits` with the smallest increase of the loss."""
        classes, counts = self._counts.get_group(group)
        assigned = self._assigned[:, classes]
        change = self._scale[:, classes] * counts * (
            counts - 2 * (self._target[:, classes] - assigned)
        ) - (assigned == 0)
        loss = change @ self._weights[classes]
        best = splits[np.argmin(loss[splits])]
        self._assigned[best, classes] += counts
        self._groups_per_split[best] += 1
        self.split_of_group[group] = best

    def reassign(self, group: int) -> bool:
        """Assign the group again; return whether its split changed. A split's last group stays."""
        old = self.split_of_group[group]
        if self._groups_per_split[old] == 1:
            return False
        classes, counts = self._counts.get_group(group)
        self._assigned[old, classes] -= counts
        self._groups_per_split[old] -= 1
        self.assign(group, np.arange(len(self._groups_per_split)))
        return bool(self.split_of_group[group] != old)
