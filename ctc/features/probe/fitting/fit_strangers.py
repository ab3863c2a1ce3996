"""Fit strangers for `ctc probe`: the distance to the train split, the threshold to 'val'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.artifacts.dataset import VALIDATION, Dataset
from ctc.artifacts.event_record import MISSING
from ctc.features.intervals import effective_size
from ctc.features.probe.samples import Samples
from ctc.features.strangers.distance import MIN_PHOTOS, Distance, fit_distance
from ctc.features.strangers.threshold import (
    StrangerThreshold,
    event_strangeness,
    events_needed,
    fit_threshold,
)
from ctc.reporting import counted


@dataclass(frozen=True)
class Strangers:
    """The distance of a photo from the classes of `label`, and the threshold of an event.

    `split`: that the threshold was fitted to.
    """

    label: str
    split: str
    distance: Distance
    threshold: StrangerThreshold

    def to_metadata(self, dataset: Dataset) -> dict[str, Any]:
        """Return the entry `strangers` of a model file."""
        fitted_on = {"dataset": dataset.fingerprint(), "split": self.split}
        return {"label": self.label, **self.threshold.to_metadata(fitted_on)}

    def describe(self) -> str:
        """Return a line on what the threshold promises."""
        limit = self.threshold
        events = counted(limit.events, "event") + (
            f" of {counted(limit.places, 'place')}" if limit.places else ""
        )
        return (
            f"strangers: {limit.measured:.1%} of {events} of '{self.split}' are farther from the"
            f" classes of '{self.label}' than the threshold; at most {limit.false_alarm_rate:.1%}"
            f" of such events will be, with {limit.confidence:.0%} confidence"
        )


def fit_strangers(
    train: Samples, validation: Samples | None, label: str, rate: float, split: str = VALIDATION
) -> Strangers | str:
    """Return the fit for the classes of a label, or why there is none.

    `rate`: the share of events of known classes that may be called strangers. `split`: the name of
    the validation split.
    """
    if validation is None:
        return f"no strangers were fitted: the dataset has no split '{split}'"
    classes = _class_numbers(train.truth[label])
    known = classes >= 0
    photos = known[train.event]
    features = train.features["original"][photos]
    distance = fit_distance(features, classes[train.event][photos])
    if distance is None:
        return (
            f"no strangers were fitted: they need {MIN_PHOTOS} photos of two known classes of"
            f" '{label}' in the train split, and it has {counted(len(features), 'photo')}"
        )
    strangeness = event_strangeness(
        distance.of(validation.features["original"]),
        validation.event,
        len(validation.event_ids),
    )
    learnt = _is_learnt(train.truth[label], validation.truth[label])
    threshold = fit_threshold(strangeness[learnt], validation.place[learnt], rate)
    if threshold is None:
        place = validation.place[learnt]
        none = np.zeros(len(place), np.bool_)
        independent = effective_size(none, place)[1] if len(place) else 0
        return (
            f"no strangers were fitted: '{split}' has too few events, or of too few places,"
            f" to promise that at most {rate:.1%} of the known are called strangers"
            f" (they are worth {independent:,.0f} independent events, at least"
            f" {events_needed(rate):,} are needed): label more, or raise --false-alarms"
        )
    return Strangers(label, split, distance, threshold)


def _class_numbers(truth: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (E,) one number per class, or per combination of classes; −1 = missing."""
    if truth.ndim == 1:
        return truth.astype(np.int64)
    _, numbers = np.unique(truth, axis=0, return_inverse=True)
    return np.where(truth[:, 0] == MISSING, -1, numbers.reshape(-1))


def _is_learnt(train: NDArray[np.int32], others: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return (E,) whether all classes of the other events are in the train split."""
    if train.ndim == 1:
        return np.isin(others, train[train != MISSING])
    seen = (train == 1).any(axis=0)
    return np.asarray((others[:, 0] != MISSING) & ~((others == 1) & ~seen).any(axis=1))
