"""Columns of names as numbers, and the cameras of stations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import factorize
from ctc.ecology.effort import DAY
from ctc.ecology.readers.odd_times import odd_times
from ctc.ecology.readers.times import parse_times
from ctc.ecology.survey import Deployments, Events, Floats, Ints, Photos, Probabilities
from ctc.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def make_events(
    ids: pa.ChunkedArray,
    station: pa.ChunkedArray,
    camera: pa.ChunkedArray | None,
    times: pa.ChunkedArray,
    classes: tuple[str, ...] = (),
    probabilities: Probabilities | None = None,
    multi_label: bool = False,
) -> Events:
    """Return events of columns of text; without `camera`, each station has one.

    Raises InputError for an event without a station, or a camera at two stations.
    """
    import pyarrow as pa

    stations, number = factorize(station)
    if (number < 0).any() or "" in stations.to_pylist():
        empty = (number < 0) | (number == _index(stations.to_pylist(), ""))
        example = ids[int(np.flatnonzero(empty)[0])].as_py()
        raise InputError(
            f"{int(empty.sum()):,} of {len(number):,} events have no location, such as '{example}':"
            " name the column with --location"
        )
    cameras, own = (stations, number) if camera is None else factorize(camera)
    lacking = own < 0
    if lacking.any():
        cameras, own = stations, number
    moment, zone = parse_times(times)
    names = tuple(map(str, cameras.to_pylist()))
    return Events(
        ids.cast(pa.large_string()).combine_chunks(),
        number,
        own,
        moment,
        tuple(map(str, stations.to_pylist())),
        names,
        _stations_of(names, own, number, stations.to_pylist()),
        zone,
        classes,
        probabilities,
        multi_label,
    )


def make_photos(event: Ints, paths: pa.ChunkedArray, times: pa.ChunkedArray) -> Photos:
    """Return the photos of events (n,), each once; the frames of a clip are the clip."""
    import pyarrow as pa
    import pyarrow.compute as pc

    files = pc.replace_substring_regex(paths.cast(pa.large_string()), r"#t=[\d.]+$", "")
    _, number = factorize(files)
    first = np.unique(np.stack([event, number]), axis=1, return_index=True)[1]
    kept = pa.array(np.sort(first))
    moment, _ = parse_times(times.take(kept))
    return Photos(event[kept], files.take(kept).combine_chunks(), moment)


def guess_deployments(events: Events, places: tuple[Floats, Floats] | None) -> Deployments:
    """Return deployments that last from the first to the last photo of each camera, at least a day.

    Times that no camera had don't count where it has others, see `odd_times`.
    `places`: latitude and longitude of events (E,), degrees, None if not known.
    """
    seconds = events.time.astype("datetime64[s]").astype(np.int64)
    known = ~np.isnat(events.time) & ~odd_times(events)
    size = len(events.cameras)
    start = np.full(size, np.iinfo(np.int64).max)
    end = np.full(size, np.iinfo(np.int64).min)
    np.minimum.at(start, events.camera[known], seconds[known])
    np.maximum.at(end, events.camera[known], seconds[known] + 1)
    seen = np.flatnonzero(end > start)
    end[seen] = np.maximum(end[seen], start[seen] + DAY)
    latitude, longitude = _places(events, places)
    return Deployments(
        tuple(events.cameras[one] for one in seen),
        tuple(events.stations[events.station_of[one]] for one in seen),
        start[seen].astype("datetime64[s]"),
        end[seen].astype("datetime64[s]"),
        latitude[seen],
        longitude[seen],
        is_guess=True,
    )


def _places(events: Events, places: tuple[Floats, Floats] | None) -> Floats:
    found = np.full((2, len(events.cameras)), np.nan)
    if places is not None:
        known = np.flatnonzero(~np.isnan(places[0]) & ~np.isnan(places[1]))[::-1]
        for row, values in zip(found, places, strict=True):
            row[events.camera[known]] = values[known]
    return found


def _stations_of(
    cameras: tuple[str, ...], camera: Ints, station: Ints, stations: list[str]
) -> Ints:
    found = np.zeros(len(cameras), np.int64)
    found[camera] = station
    wrong = np.flatnonzero(found[camera] != station)
    if len(wrong):
        one = int(wrong[0])
        raise InputError(
            f"camera '{cameras[camera[one]]}' is at '{stations[station[one]]}' and at"
            f" '{stations[found[camera[one]]]}': give each deployment a name of its own, or name"
            " another column with --camera"
        )
    return found


def _index(names: list[str], name: str) -> int:
    return names.index(name) if name in names else -2
