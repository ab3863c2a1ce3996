"""What a study has: events at stations, what was seen in them, and when the cameras ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Times = NDArray[np.datetime64]
"""Seconds since 1970 of a camera's clock, `datetime64[s]`; NaT is unknown."""
Probabilities = NDArray[np.float32]
"""(classes, events)"""
MODEL = "ctc"
"""Who identified what a model answered."""


@dataclass(frozen=True)
class Events:
    """E events.

    `ids`: Arrow text (E,). `station`, `camera` (E,): numbers in `stations` and `cameras`. A camera
    belongs to one station: `station_of` (cameras,). `time` (E,): that of the first photo.
    `zone` (E,): minutes by which the clock is ahead of UTC, NaN is unknown. `probabilities`
    (classes, E) float32 of `classes`; None if no event has any. Of `multi_label` classes, several
    may be right at once. `identified_by`: Arrow text (E,), who answered, '' or null if that is not
    known; None of a source that has answers of a model alone.
    """

    ids: pa.Array
    station: Ints
    camera: Ints
    time: Times
    stations: tuple[str, ...]
    cameras: tuple[str, ...]
    station_of: Ints
    zone: Floats | None = None
    classes: tuple[str, ...] = ()
    probabilities: Probabilities | None = None
    multi_label: bool = False
    identified_by: pa.Array | None = None

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class Answers:
    """N hard answers: what was seen in events; an event may have several, or none.

    `event` (N,): number of the event. `species` (N,): number in `names`. `count` (N,): individuals
    in one photo, at least 1.
    """

    event: Ints
    species: Ints
    count: Ints
    names: tuple[str, ...]


@dataclass(frozen=True)
class Photos:
    """P photos of events, clips included.

    `event` (P,): number of the event. `path`: Arrow text (P,). `time` (P,): NaT is unknown.
    """

    event: Ints
    path: pa.Array
    time: Times


@dataclass(frozen=True)
class Deployments:
    """M deployments, each a camera at a station for some time.

    `camera`, `station`: names (M,). `start`, `end` (M,). `latitude`, `longitude` (M,): degrees, NaN
    is unknown. `gaps`: (deployment, from, to) of times when a camera did not work.
    `is_guess`: start and end are those of photos. `since`, `until` (M,): the first and last moment
    of its photos, None for those of start and end; where only the day is known, the whole day.
    """

    camera: tuple[str, ...]
    station: tuple[str, ...]
    start: Times
    end: Times
    latitude: Floats
    longitude: Floats
    gaps: Sequence[tuple[int, np.datetime64, np.datetime64]] = ()
    is_guess: bool = False
    since: Times | None = None
    until: Times | None = None

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class Survey:
    """All that a summary is made of; `warnings` say what was left out or guessed.

    `photos`: None if the source has only events. `by_folder`: stations are the folders of photos.
    """

    events: Events
    answers: Answers
    deployments: Deployments
    has_counts: bool = False
    warnings: tuple[str, ...] = field(default=())
    photos: Photos | None = None
    by_folder: bool = False
