"""What a model said of photos and events, beside what they show: columns, so that millions are held
and counted at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.event_record import MISSING
from ctc.errors import InputError

Unit = Literal["event", "photo"]
UNITS: tuple[Unit, ...] = ("event", "photo")

FOREIGN = -2
"""In place of a class number: the truth is a class that the model doesn't know."""

Int32Array = NDArray[np.int32]
ProbabilityMatrix = NDArray[np.float32]


@dataclass(frozen=True)
class UnitPredictions:
    """N answers, one per photo or one per event. `event` (N,): the number of the event that each is
    of; `paths`: of the photo, of an event's first photo, '' where nothing tells; `probabilities`:
    per label float32 (N, classes)."""

    event: Int32Array
    paths: tuple[str, ...]
    probabilities: Mapping[str, ProbabilityMatrix]

    def __len__(self) -> int:
        return len(self.event)


@dataclass(frozen=True)
class EvaluationData:
    """E events with what the model said of each, and of their photos if that is known.

    `classes`: per label in the order of the probabilities. `event_ids` (E,). `truth`: per label
    that has one (E,): number of the class of the first observation, MISSING (−1), or FOREIGN.
    `foreign`: per label the classes behind FOREIGN, with their events. `photos_in_event` (E,): 0 =
    unknown. `location` (E,): number in `locations`, −1 = unknown. `night` (E,): 1 night, 0 day, −1
    unknown. `timestamps` (E,): ISO 8601 without a zone, '' = unknown. `multi_label`: of each label
    that may have several classes at once, which has no `truth`, int8 (E, classes): 1 where an
    observation has the class, 0 where none has, all −1 = missing. `presence_thresholds`: of those
    in a prediction file, by class, the lowest probability that it calls present, None where it
    calls none so."""

    classes: Mapping[str, tuple[str, ...]]
    event_ids: tuple[str, ...]
    truth: Mapping[str, Int32Array]
    photos_in_event: Int32Array
    location: Int32Array
    locations: tuple[str, ...]
    night: NDArray[np.int8]
    timestamps: tuple[str, ...]
    events: UnitPredictions
    photos: UnitPredictions | None
    foreign: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    multi_label: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)
    presence_thresholds: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    def for_unit(self, unit: Unit) -> UnitPredictions | None:
        """The answers per event, or per photo (None when only those of events are known)."""
        return self.events if unit == "event" else self.photos

    def check_probabilities(self) -> None:
        """Raise InputError for probabilities that are no numbers from 0 to 1: how many, and one of
        them."""
        for unit in UNITS:
            answers = self.for_unit(unit)
            for label, values in (answers.probabilities if answers else {}).items():
                bad = np.flatnonzero(
                    ~((values >= 0) & (values <= 1.001)).all(axis=1)
                )  # 1.001: what float16 rounds to
                if answers and len(bad):
                    one = self.event_ids[answers.event[bad[0]]]
                    raise InputError(
                        f"the probabilities of '{label}' are not numbers from 0 to 1 for {len(bad):,} of {len(values):,} {unit}s, "
                        f"such as event '{one}': they can't be evaluated"
                    )


def is_known(truth: Int32Array) -> NDArray[np.bool_]:
    """Which truths are a class that the model knows."""
    return truth > MISSING
