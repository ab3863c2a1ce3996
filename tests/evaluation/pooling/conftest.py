"""Events of which some photos show the animal, and the others are empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from ctc.evaluation.pooling.answers import Answers, PoolingData, clipped_logs

CLASSES = 4
EMPTY = 0


@dataclass(frozen=True)
class World:
    """Photos of events: `features` (P, 3), whose first tells whether the animal is there,
    `probabilities` (P, classes), `event` (P,), `truth` and `group` (E,)."""

    features: np.ndarray
    probabilities: np.ndarray
    event: np.ndarray
    truth: np.ndarray
    group: np.ndarray

    def data(self) -> PoolingData:
        answers = Answers(clipped_logs(self.probabilities), self.truth)
        return PoolingData(
            self.features.astype(np.float64),
            self.event,
            self.group,
            {"species": answers},
            {"species": 1.0},
        )


@pytest.fixture
def draw_world() -> Callable[..., World]:
    """A function that draws events: 60 % of the photos of an animal's event are empty, and the
    answer for those is unsure; `telling` is how well the first feature tells them apart."""

    def draw(seed: int, events: int = 300, places: int = 20, telling: float = 3.0) -> World:
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, CLASSES, events)
        counts = rng.integers(1, 4, events)
        event = np.repeat(np.arange(events), counts)
        first = np.r_[True, np.diff(event) > 0]
        shown = (first | (rng.random(len(event)) < 0.1)) & (truth[event] != EMPTY)
        seen = np.where(shown, truth[event], EMPTY)
        scores = 2.0 * np.eye(CLASSES)[seen] + rng.normal(0, 0.8, (len(event), CLASSES))
        exp = np.exp(scores)
        features = rng.normal(0, 1, (len(event), 3)).astype(np.float32)
        features[:, 0] += telling * shown
        return World(
            features,
            (exp / exp.sum(axis=1, keepdims=True)).astype(np.float32),
            event,
            truth,
            rng.integers(0, places, events),
        )

    return draw
