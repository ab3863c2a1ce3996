"""Predictions and ground truth as columns, for millions of photos and events."""

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
"""Class number of a true class that the model doesn't know."""

MAX_PROBABILITY = 1.001
"""Upper bound of valid probabilities, which float16 may round up."""

Int32Array = NDArray[np.int32]
ProbabilityMatrix = NDArray[np.float32]


@dataclass(frozen=True)
class UnitPredictions:
    """N predictions, one per photo or one per event.

    `event` (N,) is the number of each one's event. `paths` (N,) are those of the photos or of the
    events' first photos, '' if unknown. `probabilities` are float32 (N, classes) by label.
    `attention` (N, 3): that of photos where known, see `ctc.artifacts.model.pooling.Attention`.
    """

    event: Int32Array
    paths: tuple[str, ...]
    probabilities: Mapping[str, ProbabilityMatrix]
    attention: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.event)


@dataclass(frozen=True)
class EvaluationData:
    """Predictions of E events, and of their photos if known, with the ground truth.

    - `classes`: class names by label, in the order of the probabilities.
    - `event_ids` (E,).
    - `truth`: (E,) by label that has one: class number of the first observation, MISSING (−1) or
      FOREIGN.
    - `foreign`: by label, the classes behind FOREIGN with their number of events.
    - `foreign_names`: by label, the class behind FOREIGN by the number of its event.
    - `photos_in_event` (E,): 0 is unknown.
    - `location` (E,): index into `locations`, −1 is unknown.
    - `light` (E,): index into `event_facts.LIGHTS`, −1 unknown.
    - `timestamps` (E,): ISO 8601 without a time zone, '' is unknown.
    - `multi_label`: int8 (E, classes) by label that may have several classes at once, which has no
      `truth`: 1 if an observation has the class, 0 if none has, all −1 if missing.
    - `presence_thresholds`: for multi-label labels of a prediction file, by class, the lowest
      probability that the file calls present; None if it calls none present.
    - `surest_box` (E,): with a detector, the confidence of the event's surest box, 0 without any.
    """

    classes: Mapping[str, tuple[str, ...]]
    event_ids: tuple[str, ...]
    truth: Mapping[str, Int32Array]
    photos_in_event: Int32Array
    location: Int32Array
    locations: tuple[str, ...]
    light: NDArray[np.int8]
    timestamps: tuple[str, ...]
    events: UnitPredictions
    photos: UnitPredictions | None
    foreign: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    multi_label: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)
    presence_thresholds: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    surest_box: NDArray[np.float32] | None = None
    foreign_names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def for_unit(self, unit: Unit) -> UnitPredictions | None:
        """Return the predictions per event or per photo; None if those of photos are unknown."""
        return self.events if unit == "event" else self.photos

    def check_probabilities(self) -> None:
        """Raise InputError if a probability is not a number from 0 to 1."""
        for unit in UNITS:
            predictions = self.for_unit(unit)
            for label, values in (predictions.probabilities if predictions else {}).items():
                is_valid = (values >= 0) & (values <= MAX_PROBABILITY)
                bad = np.flatnonzero(~is_valid.all(axis=1))
                if predictions and len(bad):
                    example = self.event_ids[predictions.event[bad[0]]]
                    raise InputError(
                        f"the probabilities of '{label}' are not numbers from 0 to 1 for"
                        f" {len(bad):,} of {len(values):,} {unit}s, such as event '{example}':"
                        " they can't be evaluated"
                    )


def is_known(truth: Int32Array) -> NDArray[np.bool_]:
    """Return which truths are a class that the model knows."""
    return truth > MISSING
