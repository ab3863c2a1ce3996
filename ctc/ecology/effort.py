"""Effort: when cameras ran, as days of operation and trap nights.

Days count in fractions: a camera set up at 18:00 has 0.25 of that day. A start or end without a
time of day means noon, so that trap nights are the nights in between, as the field counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ctc.ecology.survey import Bools, Deployments, Floats, Ints, Times

DAY = 86_400
"""Seconds."""


@dataclass(frozen=True)
class Effort:
    """Days of operation of U units (stations or cameras) on D days.

    `operation` (U, D): the share of each day, NaN before a unit was first set up and after it was
    last taken down. `days` (D,): dates, one after the other. `spans` (U): the times in which
    each unit may have photos, in seconds, both ends included.
    """

    units: tuple[str, ...]
    days: Times
    operation: Floats
    spans: Sequence[Sequence[tuple[int, int]]]

    @property
    def trap_nights(self) -> Floats:
        """Trap nights of each unit, (U,)."""
        return np.asarray(np.nansum(self.operation, axis=1))


def measure_effort(deployments: Deployments, unit_of: Ints, units: tuple[str, ...]) -> Effort:
    """Return the effort of units; `unit_of` (deployments,): the unit of each, −1 for none.

    While several cameras of a unit run at once, time counts once.
    """
    start, end = _seconds(deployments.start), _seconds(deployments.end)
    used = unit_of >= 0
    first = int(start[used].min()) // DAY
    last = max(first, (int(end[used].max()) - 1) // DAY)
    operation = np.full((len(units), last - first + 1), np.nan)
    spans: list[list[tuple[int, int]]] = [[] for _ in units]
    running, photos = _running_times(deployments, start, end), _photo_times(deployments)
    for unit in np.unique(unit_of[used]).tolist():
        own = np.flatnonzero(unit_of == unit).tolist()
        low = min(int(start[one]) // DAY for one in own) - first
        high = max(max(int(start[one]), int(end[one]) - 1) // DAY for one in own) - first
        operation[unit, low : high + 1] = 0
        for one, other in _merge([span for number in own for span in running[number]]):
            _add_span(operation[unit], one - first * DAY, other - first * DAY)
        spans[unit] = _merge([span for number in own for span in photos[number]])
    days = np.datetime64(0, "D") + np.arange(first, last + 1)
    return Effort(units, days, operation, spans)


def covers(effort: Effort, unit: Ints, seconds: Ints) -> Bools:
    """Return for each record whether its unit ran at its moment, (n,).

    Where only the day of a start or end is known, all of that day counts.
    """
    day = seconds // DAY - effort.days[0].astype(np.int64)
    found: Bools = (day >= 0) & (day < len(effort.days))
    found[found] = effort.operation[unit[found], day[found]] > 0
    order = np.argsort(unit, kind="stable")
    ends = np.searchsorted(unit[order], np.arange(len(effort.units) + 1))
    for number in np.unique(unit).tolist():
        own = order[ends[number] : ends[number + 1]]
        spans = np.array(effort.spans[number], np.int64).reshape(-1, 2)
        at = np.searchsorted(spans[:, 0], seconds[own], side="right") - 1
        found[own] &= (at >= 0) & (seconds[own] <= np.append(spans[:, 1], 0)[at])
    return found


def _photo_times(deployments: Deployments) -> list[list[tuple[int, int]]]:
    since = deployments.start if deployments.since is None else deployments.since
    until = deployments.end if deployments.until is None else deployments.until
    return _running_times(deployments, _seconds(since), _seconds(until))


def _running_times(deployments: Deployments, start: Ints, end: Ints) -> list[list[tuple[int, int]]]:
    """Return the times, in seconds, in which each camera worked between `start` and `end` (M,)."""
    gaps: dict[int, list[tuple[int, int]]] = {}
    for number, low, high in deployments.gaps:
        ends = low.astype("datetime64[s]").astype(int), high.astype("datetime64[s]").astype(int)
        gaps.setdefault(number, []).append((int(ends[0]), int(ends[1])))
    return [
        _subtract((one, other), _merge(gaps.get(number, [])))
        for number, (one, other) in enumerate(zip(start.tolist(), end.tolist(), strict=True))
    ]


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the union of spans as spans that do not touch."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], high)
        elif high > low:
            found.append((low, high))
    return found


def _subtract(span: tuple[int, int], gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of a span without gaps, which are sorted and apart."""
    left, at = [], span[0]
    for low, high in gaps:
        if low > at:
            left.append((at, min(low, span[1])))
        at = max(at, high)
    left.append((at, span[1]))
    return [(low, high) for low, high in left if high > low]


def _add_span(row: Floats, low: int, high: int) -> None:
    """Add a time, in seconds from the first day, to the days of a row."""
    first, last = low // DAY, (high - 1) // DAY
    if first == last:
        row[first] += (high - low) / DAY
        return
    row[first] += first + 1 - low / DAY
    row[first + 1 : last] += 1
    row[last] += high / DAY - last


def _seconds(times: Times) -> Ints:
    return times.astype("datetime64[s]").astype(np.int64)
