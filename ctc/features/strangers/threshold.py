"""The threshold of strangeness that few events of known classes exceed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctc.features.intervals import CONFIDENCE, MIN_PLACES, upper_bound

METHOD = "relative Mahalanobis distance"


@dataclass(frozen=True)
class StrangerThreshold:
    """A threshold and what it promises.

    `false_alarm_rate`: the share of events of known classes that are above it is at most this,
    with `confidence`. `measured`: the share among the `events` of `places` that it was fitted to
    (0 places: the events count as independent). `threshold`: of the mean strangeness of an event's
    photos.
    """

    threshold: float
    false_alarm_rate: float
    confidence: float
    measured: float
    events: int
    places: int

    def to_metadata(self, fitted_on: Mapping[str, str]) -> dict[str, Any]:
        """Return the entry `strangers` of a model file; `fitted_on`: dataset and split."""
        return {"method": METHOD, **asdict(self), "aggregation": "mean", **fitted_on}


def event_strangeness(
    photos: NDArray[np.float64], event: NDArray[np.int64], events: int
) -> NDArray[np.float64]:
    """Return the mean strangeness of each event's photos, float64 (events,)."""
    counts = np.bincount(event, minlength=events)
    return np.asarray(np.bincount(event, photos, minlength=events) / counts)


def fit_threshold(
    strangeness: NDArray[np.float64], place: NDArray[np.int64], rate: float
) -> StrangerThreshold | None:
    """Return the lowest threshold that promises the rate, None if no threshold does.

    `strangeness` (E,): of events of known classes that were not learnt from. `place` (E,): index
    of each event's place, −1 where it is unknown. The upper bound of the share above the threshold
    allows for events that are alike within a place, see `ctc.features.intervals`.
    """
    if not len(strangeness):
        return None
    ranked = np.sort(np.unique(strangeness))[::-1]
    found = None
    for threshold in ranked:
        above = strangeness > threshold
        if above.mean() > rate or upper_bound(above, place) > rate:
            break
        found = float(threshold), float(above.mean())
    if found is None:
        return None
    places = len(np.unique(place[place >= 0]))
    return StrangerThreshold(
        # float32, as the network's output, and never below the event that it comes from
        float(np.nextafter(np.float32(found[0]), np.float32(np.inf))),
        rate,
        CONFIDENCE,
        found[1],
        len(strangeness),
        places if places >= MIN_PLACES else 0,
    )


def events_needed(rate: float) -> int:
    """Return how many independent events without an alarm promise the rate.

    (1 − rate)ⁿ ≤ 1 − confidence.
    """
    return ceil(log(1 - CONFIDENCE) / log(1 - rate))
