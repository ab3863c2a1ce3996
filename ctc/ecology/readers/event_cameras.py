"""The deployments of events that tell their station, but not their camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ctc.ecology.config import SummaryConfig
from ctc.ecology.survey import Deployments, Events, Ints
from ctc.errors import InputError
from ctc.reporting import counted

_NONE, _SEVERAL = -1, -2


def name_cameras(
    events: Events, deployments: Deployments, config: SummaryConfig
) -> tuple[Events, list[str]]:
    """Return events with the deployment that their station had at their time, and warnings.

    An event between two deployments has the nearer one. Raises InputError if figures are told by
    camera, and none of the events tells its own.
    """
    number = _find(events, deployments)
    unsure = np.flatnonzero(number == _SEVERAL)
    if not len(unsure):
        return _renamed(events, deployments, number), []
    example, at = events.ids[int(unsure[0])].as_py(), int(events.station[unsure[0]])
    why = f"several cameras ran there, such as '{example}' at '{events.stations[at]}'"
    if config.unit == "camera" and len(unsure) == len(events):
        raise InputError(
            f"the events don't tell their camera, and {why}: name the column with the deployment"
            " with --camera"
        )
    count = counted(len(unsure), "event does", "events do")
    warning = (
        f"{count} not tell the camera, and {why}: tables name the station in its place; name the"
        " column with the deployment with --camera"
    )
    return _renamed(events, deployments, number), [warning]


def _find(events: Events, deployments: Deployments) -> Ints:
    """Return the number of each event's deployment, (E,); _NONE where its camera stays."""
    rows_at: dict[str, list[int]] = {}
    for row, station in enumerate(deployments.station):
        rows_at.setdefault(station, []).append(row)
    known, found = set(deployments.camera), np.full(len(events), _NONE)
    order = np.argsort(events.camera, kind="stable")
    ends = np.searchsorted(events.camera[order], np.arange(len(events.cameras) + 1))
    for camera, name in enumerate(events.cameras):
        station = events.stations[int(events.station_of[camera])]
        own = order[ends[camera] : ends[camera + 1]]
        if name == station and name not in known and station in rows_at:
            found[own] = _choose(events, own, deployments, rows_at[station])
    return found


def _choose(events: Events, own: Ints, deployments: Deployments, rows: Sequence[int]) -> Ints:
    """Return the one of a station's deployments `rows` that each of the events `own` is of."""
    if len({deployments.camera[row] for row in rows}) == 1:
        return np.full(len(own), rows[0])
    since = deployments.start if deployments.since is None else deployments.since
    until = deployments.end if deployments.until is None else deployments.until
    time = events.time[own].astype("datetime64[s]").astype(np.int64)
    ends = [one[list(rows)].astype("datetime64[s]").astype(np.int64) for one in (since, until)]
    away = np.maximum(0, np.maximum(ends[0][:, None] - time, time - ends[1][:, None]))
    found = np.asarray(rows)[away.argmin(axis=0)]
    found[(away == 0).sum(axis=0) > 1] = _SEVERAL
    found[np.isnat(events.time[own])] = _NONE
    return np.asarray(found)


def _renamed(events: Events, deployments: Deployments, number: Ints) -> Events:
    if (number < 0).all():
        return events
    names = (*events.cameras, *deployments.camera)
    first = {name: at for at, name in reversed(list(enumerate(names)))}
    same = np.array([first[name] for name in names])
    of_event = same[np.where(number >= 0, len(events.cameras) + number, events.camera)]
    used, camera = np.unique(of_event, return_inverse=True)
    station_of = np.zeros(len(used), np.int64)
    station_of[camera.ravel()] = events.station
    cameras = tuple(names[one] for one in used.tolist())
    return replace(events, cameras=cameras, camera=camera.ravel(), station_of=station_of)
