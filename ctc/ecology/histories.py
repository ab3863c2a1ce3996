"""Detection histories: whether a species was seen at a place in each period of a survey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctc.ecology.effort import DAY, Effort
from ctc.ecology.survey import Floats, Ints, Times


@dataclass(frozen=True)
class Occasions:
    """T periods of `days` days each, from the first day of the survey on.

    `starts` (T,): dates. `effort` (U, T): days of operation, NaN where a unit did not run at all.
    """

    days: int
    starts: Times
    effort: Floats


def divide(effort: Effort, days: int) -> Occasions:
    """Return the occasions of a survey; the last one may be shorter."""
    count = -(-len(effort.days) // days)
    padded = np.full((len(effort.units), count * days), np.nan)
    padded[:, : len(effort.days)] = effort.operation
    total = np.nansum(padded.reshape(len(effort.units), count, days), axis=2)
    return Occasions(days, effort.days[::days], np.where(total > 0, total, np.nan))


def occasion_of(occasions: Occasions, seconds: Ints) -> Ints:
    """Return the occasion of each record, (n,)."""
    first = occasions.starts[0].astype("datetime64[D]").astype(np.int64)
    return np.asarray((seconds // DAY - first) // occasions.days)


def detection_history(occasions: Occasions, unit: Ints, occasion: Ints) -> Floats:
    """Return the history of one species, (U, T): 1 seen, 0 not seen, NaN without effort.

    `unit`, `occasion` (n,): of each of its records.
    """
    seen = np.where(np.isnan(occasions.effort), np.nan, 0.0)
    seen[unit, occasion] = np.where(np.isnan(seen[unit, occasion]), np.nan, 1.0)
    return seen
