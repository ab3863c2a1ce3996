"""Class balancing: downsampling to the rarest class, upsampling to the most common."""

from __future__ import annotations

import numpy as np

from ctc.dataset.splitting.resampling import downsample, upsample

CLASSES = np.array([0] * 12 + [1] * 4 + [2] + [-1] * 2)
EVENTS = np.arange(len(CLASSES))


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_downsample_reduces_classes_to_rarest() -> None:
    kept = downsample(EVENTS, CLASSES, np.zeros_like(CLASSES), rng())
    assert np.bincount(CLASSES[kept]).tolist() == [1, 1, 1]


def test_downsample_uses_rarest_of_each_stratum() -> None:
    strata = np.array([0] * 6 + [1] * 6 + [0] * 2 + [1] * 2 + [1, 0, 1])
    kept = downsample(EVENTS, CLASSES, strata, rng())
    assert np.bincount(CLASSES[kept & (strata == 0)]).tolist() == [2, 2]
    assert np.bincount(CLASSES[kept & (strata == 1)]).tolist() == [1, 1, 1]


def test_upsample_makes_classes_as_large_as_largest() -> None:
    events = upsample(EVENTS, CLASSES, 100, rng())
    assert np.bincount(CLASSES[events] + 1).tolist() == [2, 12, 12, 12]
    assert np.bincount(events[CLASSES[events] == 1])[12:16].tolist() == [3, 3, 3, 3]


def test_upsample_respects_repetition_limit() -> None:
    events = upsample(EVENTS, CLASSES, 2, rng())
    assert np.bincount(CLASSES[events] + 1).tolist() == [2, 12, 8, 2]
    assert np.bincount(events).max() == 2


def test_upsample_shuffles() -> None:
    assert upsample(EVENTS, CLASSES, 3, rng())[: len(EVENTS)].tolist() != EVENTS.tolist()
