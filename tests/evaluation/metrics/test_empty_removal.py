"""Removal of empty photos, worked out by hand."""

from __future__ import annotations

import numpy as np

from ctc.evaluation.metrics.empty_removal import empty_removal


def test_empty_removal_by_hand() -> None:
    # 10 empties, 100 animals: one animal is at 0.88 or more, with six empties; five are at 0.1 or
    # more, with all empties
    of_empty = [0.99, 0.97, 0.96, 0.9, 0.9, 0.88, 0.8, 0.7, 0.6, 0.1]
    of_animals = [0.95, 0.85, 0.75, 0.65, 0.55, *[0.01] * 95]
    probability = np.array(of_empty + of_animals, np.float32)
    truth = np.array([0] * 10 + [1] * 100, np.int32)
    found = empty_removal(
        truth, np.stack([probability, 1 - probability], axis=1), ("Nothing here", "fox")
    )
    assert (found.classes, found.empty, found.animals) == (("Nothing here",), 10, 100)
    assert [(one.allowed, one.empties.value, one.animals.value) for one in found.points] == [
        (0.01, 0.6, 0.01),
        (0.05, 1.0, 0.05),
        (0.1, 1.0, 0.05),
    ]


def test_empty_removal_without_empty_class_is_none() -> None:
    assert (
        empty_removal(np.array([0, 1], np.int32), np.eye(2, dtype=np.float32), ("fox", "wolf"))
        is None
    )
    assert (
        empty_removal(np.array([1, 1], np.int32), np.eye(2, dtype=np.float32), ("empty", "wolf"))
        is None
    )
