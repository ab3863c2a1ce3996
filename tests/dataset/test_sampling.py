"""Down to the rarest class, or up to the most common."""

from __future__ import annotations

import numpy as np

from ctc.dataset.resampling import downsample, upsample

CLASSES = np.array([0] * 12 + [1] * 4 + [2] + [-1] * 2)
EVENTS = np.arange(len(CLASSES))


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_down_sampling_keeps_as_many_of_each_class_as_the_rarest_has() -> None:
    kept = downsample(EVENTS, CLASSES, np.zeros_like(CLASSES), rng())
    assert np.bincount(CLASSES[kept]).tolist() == [1, 1, 1]


def test_down_sampling_within_parts_goes_by_the_rarest_of_each_part() -> None:
    within = np.array([0] * 6 + [1] * 6 + [0] * 2 + [1] * 2 + [1, 0, 1])
    kept = downsample(EVENTS, CLASSES, within, rng())
    assert np.bincount(CLASSES[kept & (within == 0)]).tolist() == [2, 2]
    assert np.bincount(CLASSES[kept & (within == 1)]).tolist() == [1, 1, 1]


def test_up_sampling_makes_classes_as_large_as_the_largest() -> None:
    events = upsample(EVENTS, CLASSES, 100, rng())
    assert np.bincount(CLASSES[events] + 1).tolist() == [2, 12, 12, 12]
    assert np.bincount(events[CLASSES[events] == 1])[12:16].tolist() == [3, 3, 3, 3]


def test_up_sampling_uses_no_event_more_often_than_allowed() -> None:
    events = upsample(EVENTS, CLASSES, 2, rng())
    assert np.bincount(CLASSES[events] + 1).tolist() == [2, 12, 8, 2]
    assert np.bincount(events).max() == 2


def test_up_sampling_shuffles() -> None:
    assert upsample(EVENTS, CLASSES, 3, rng())[: len(EVENTS)].tolist() != EVENTS.tolist()
