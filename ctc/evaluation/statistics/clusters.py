"""Clusters: events that are no independent evidence, since they are of one run or one location.

Two scopes, named in every figure and promise:

same locations   other events of the same cameras. The clusters are runs: events of one location of
                 which each begins at most RUN_MINUTES after the one before, since they often show
                 the same animal. Events without a location or a time are runs of their own.
new locations    events of other cameras of the same kind. The clusters are locations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.statistics.exact import Int64Array

Scope = Literal["same locations", "new locations"]
RUN_MINUTES = 30
"""Usual limit between records that are independent (O'Brien et al. 2003)."""


@dataclass(frozen=True)
class Clusters:
    """The cluster of each of E events: `run` (E,), and `location` (E,), −1 where it is unknown."""

    run: Int64Array
    location: Int64Array

    @classmethod
    def of_events(cls, data: EvaluationData) -> Clusters:
        """Return the clusters of the events of `data`."""
        location = data.location.astype(np.int64)
        return cls(_runs(location, data.timestamps), location)

    @property
    def has_locations(self) -> bool:
        """Whether at least two locations are known."""
        return len(np.unique(self.location[self.location >= 0])) > 1

    @property
    def scope(self) -> Scope:
        """The widest scope that the data say anything about."""
        return "new locations" if self.has_locations else "same locations"

    def of_scope(self, scope: Scope) -> Int64Array:
        """Return the cluster of each event, (E,); events without a location are of one."""
        return self.run if scope == "same locations" else self.location - self.location.min()


def _runs(location: Int64Array, timestamps: tuple[str, ...]) -> Int64Array:
    """Return the number of each event's run, from 0."""
    time = _minutes(timestamps)
    known = (location >= 0) & ~np.isnan(time)
    order = np.lexsort((time, location, ~known))
    place, when, is_known = location[order], time[order], known[order]
    follows = np.zeros(len(order), bool)
    with np.errstate(invalid="ignore"):
        near = np.diff(when) <= RUN_MINUTES
    follows[1:] = is_known[1:] & is_known[:-1] & (np.diff(place) == 0) & near
    runs = np.empty(len(order), np.int64)
    runs[order] = np.cumsum(~follows) - 1
    return runs


def _minutes(timestamps: tuple[str, ...]) -> NDArray[np.float64]:
    """Return ISO 8601 times in minutes, NaN for anything else."""
    found = np.full(len(timestamps), np.nan)
    for row, text in enumerate(timestamps):
        if text:
            try:
                time = np.datetime64(text[:19], "s")
            except ValueError:
                continue
            if not np.isnat(time):
                found[row] = time.astype(np.int64) / 60
    return found
