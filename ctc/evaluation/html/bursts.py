"""Bursts of events that show the same scene, so that a gallery shows each scene once."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.evaluation.answers.predictions import EvaluationData
from ctc.evaluation.statistics.exact import Int64Array

MAX_SECONDS = 60
MAX_NUMBERS = 3
"""Largest gap between the file numbers of neighbours, where the time is not known."""
MAX_CANDIDATES = 2_000
_FILE_NUMBER = re.compile(r"(?P<start>.*?)(?P<number>\d{1,15})(?P<end>\.\w+)?")


class _Position(NamedTuple):
    """Events in one `series` belong together if their `value` differs by at most `gap`."""

    series: tuple[object, ...]
    value: float
    gap: float


def one_per_burst(data: EvaluationData, label: str, events: Int64Array) -> Int64Array:
    """Return the first of each burst among `events`, in their order.

    A burst is a chain of events of one place, each at most MAX_SECONDS after the other; without a
    time, events of one truth and prediction whose file numbers differ by at most MAX_NUMBERS. At
    most MAX_CANDIDATES events are looked at.
    """
    candidates = events[:MAX_CANDIDATES]
    top = data.events.probabilities[label][candidates].argmax(axis=1).tolist()
    positions = [
        _position(data, label, event, predicted)
        for event, predicted in zip(candidates.tolist(), top, strict=True)
    ]
    seen, kept = set[int](), []
    for row, burst in enumerate(_burst_numbers(positions)):
        if burst not in seen:
            seen.add(burst)
            kept.append(row)
    return candidates[kept]


def _burst_numbers(positions: list[_Position | None]) -> list[int]:
    """Return the number of the burst of each position; one without a position is alone."""
    known = [(str(one.series), one.value, row) for row, one in enumerate(positions) if one]
    numbers = list(range(len(positions)))
    previous: tuple[str, float, int] | None = None
    for series, value, row in sorted(known):
        one = positions[row]
        if previous and one and series == previous[0] and value - previous[1] <= one.gap:
            numbers[row] = numbers[previous[2]]
        previous = (series, value, row)
    return numbers


def _position(data: EvaluationData, label: str, event: int, top: int) -> _Position | None:
    path = data.events.paths[event] or data.event_ids[event]
    folder, _, name = path.replace("\\", "/").rpartition("/")
    number = int(data.location[event])
    place = data.locations[number] if number >= 0 else camera_folder(folder)
    time = _seconds(data.timestamps[event])
    if time is not None:
        return _Position((place,), time, MAX_SECONDS)
    found = _FILE_NUMBER.fullmatch(name)
    if not found:
        return None
    truth = int(data.truth[label][event]) if label in data.truth else None
    series = (folder, found["start"], truth, top)
    return _Position(series, int(found["number"]), MAX_NUMBERS)


def _seconds(timestamp: str) -> float | None:
    """Return an ISO 8601 time in seconds, None for anything else."""
    try:
        time = np.datetime64(timestamp[:19], "s")
    except ValueError:
        return None
    return None if np.isnat(time) else float(time.astype(np.int64))
