"""Surveys whose answers come one by one: inventories, review stores, Camtrap DP packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ctc.ecology.readers.names import guess_deployments, make_events, make_photos
from ctc.ecology.survey import Answers, Photos, Survey
from ctc.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class LabelledEvent:
    """An event with the individuals of each species, in one photo; 0 for a number not known.

    `time`: ISO 8601. `probabilities`: by class, None if the answers are certain. `photos`: times,
    '' if not known, by path. `identified_by`: who answered, '' if that is not known.
    """

    id: str
    station: str
    camera: str = ""
    time: str = ""
    latitude: float = float("nan")
    longitude: float = float("nan")
    species: dict[str, int] = field(default_factory=dict)
    probabilities: Mapping[str, float] | None = None
    photos: dict[str, str] = field(default_factory=dict)
    identified_by: str = ""


def to_survey(events: Sequence[LabelledEvent], multi_label: bool = False) -> Survey:
    """Return the survey of labelled events; raises InputError if there is none."""
    import pyarrow as pa

    if not events:
        raise InputError("there is no event")
    classes, values = _probabilities(events, multi_label)
    has_cameras = all(one.camera for one in events)
    found = make_events(
        _texts([one.id for one in events]),
        _texts([one.station for one in events]),
        _texts([one.camera for one in events]) if has_cameras else None,
        pa.chunked_array([pa.array([one.time or None for one in events], pa.string())]),
        classes,
        values,
        multi_label,
    )
    people = pa.array([one.identified_by for one in events], pa.string())
    found = replace(found, identified_by=people)
    rows = [
        (at, name, count) for at, one in enumerate(events) for name, count in one.species.items()
    ]
    names = tuple(dict.fromkeys(name for _, name, _ in rows))
    place = {name: number for number, name in enumerate(names)}
    answers = Answers(
        np.array([at for at, _, _ in rows], np.int64),
        np.array([place[name] for _, name, _ in rows], np.int64),
        np.array([max(1, count) for _, _, count in rows], np.int64),
        names,
    )
    places = (
        np.array([one.latitude for one in events]),
        np.array([one.longitude for one in events]),
    )
    has_counts = any(count for _, _, count in rows)
    guess = guess_deployments(found, places)
    return Survey(found, answers, guess, has_counts, photos=_photos(events))


def _photos(events: Sequence[LabelledEvent]) -> Photos | None:
    rows = [(at, *photo) for at, one in enumerate(events) for photo in one.photos.items()]
    if not rows:
        return None
    event, paths, times = zip(*rows, strict=True)
    return make_photos(
        np.array(event, np.int64), _texts(paths), _texts([one or None for one in times])
    )


def _probabilities(
    events: Sequence[LabelledEvent], multi_label: bool
) -> tuple[tuple[str, ...], np.ndarray[tuple[int, int], np.dtype[np.float32]] | None]:
    """Return the classes and probabilities (classes, events); an answer that is certain has 1."""
    if all(one.probabilities is None for one in events):
        return (), None
    names = (
        name
        for one in events
        for name in (one.species if one.probabilities is None else one.probabilities)
    )
    classes = tuple(dict.fromkeys(names))
    place = {name: number for number, name in enumerate(classes)}
    values = np.zeros((len(classes), len(events)), np.float32)
    for at, one in enumerate(events):
        known = one.probabilities
        if known is None:
            share = 1.0 if multi_label else 1 / max(len(one.species), 1)
            known = dict.fromkeys(one.species, share)
        for name, value in known.items():
            values[place[name], at] = value
    return classes, values


def _texts(values: Sequence[str | None]) -> pa.ChunkedArray:
    import pyarrow as pa

    return pa.chunked_array([pa.array(values, pa.string())])
