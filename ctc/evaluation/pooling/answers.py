"""What a pooling is fitted to: descriptors of photos, their answers, and the truth of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1e-4
"""Lower bound of probabilities, so that no photo alone can exclude a class. The aggregation
`attention` has the same."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """The answers for one question: `logs` (P, classes), log probabilities of photos; `truth` (E,),
    the class number of each event, below 0 where it is not known."""

    logs: Floats
    truth: NDArray[np.int64]

    def subset(self, photos: NDArray[np.intp], events: NDArray[np.intp]) -> Answers:
        """Return those for some photos and events."""
        return Answers(self.logs[photos], self.truth[events])


@dataclass(frozen=True)
class PoolingData:
    """P photos of E events, the photos of an event side by side.

    `descriptors` (P, D). `event` (P,): ascending, from 0 to E − 1. `group` (E,): the events of a
    group are held out together, those of a place. `answers`: by label; a label that may have
    several classes at once has an entry `label/class` for each, whether it is absent or present.
    `weights`: how much each entry counts.
    """

    descriptors: Floats
    event: NDArray[np.int64]
    group: NDArray[np.int64]
    answers: Mapping[str, Answers]
    weights: Mapping[str, float]

    @property
    def starts(self) -> NDArray[np.intp]:
        """The first photo of each event, (E,)."""
        return np.searchsorted(self.event, np.arange(len(self.group)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of photos of each event, (E,)."""
        return np.bincount(self.event, minlength=len(self.group))

    def subset(self, chosen: NDArray[np.bool_]) -> PoolingData:
        """Return some of the events, bool (E,)."""
        photos, events = np.flatnonzero(chosen[self.event]), np.flatnonzero(chosen)
        number = np.cumsum(chosen) - 1
        return PoolingData(
            self.descriptors[photos],
            number[self.event[photos]],
            self.group[events],
            {name: one.subset(photos, events) for name, one in self.answers.items()},
            self.weights,
        )


def clipped_logs(probabilities: NDArray[np.floating]) -> Floats:
    """Return the logarithm of probabilities, of SMALLEST in place of lower ones."""
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST, dtype=np.float64)))
