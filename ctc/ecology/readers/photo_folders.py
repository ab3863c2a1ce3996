"""Stations by the folders of photos, where no column names them.

A folder is a station, without the folders that a camera numbers itself (see `camera_folder`). Of a
table of deployments, it is the one whose deployment or station is the name of one of its folders.
"""

from __future__ import annotations

from dataclasses import replace
from os.path import commonpath
from typing import TYPE_CHECKING

import numpy as np

from ctc.artifacts.arrow_columns import factorize
from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.cameras.clock_offsets import folder_names
from ctc.ecology.readers.names import guess_deployments
from ctc.ecology.survey import Deployments, Events, Survey

if TYPE_CHECKING:
    import pyarrow as pa

_NAME = r"[/\\]?[^/\\]*$"


def folder_column(paths: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return the folder of each path; None if some have none, as ids that are no paths."""
    import pyarrow as pa
    import pyarrow.compute as pc

    folders = pc.replace_substring_regex(paths.cast(pa.large_string()), _NAME, "")
    distinct, number = factorize(folders)
    names = [camera_folder(one.replace("\\", "/")) for one in distinct.to_pylist()]
    if (number < 0).any() or not all(names):
        return None
    return pa.chunked_array([pa.array(names, pa.string()).take(pa.array(number))])


def name_folders(events: Events, deployments: Deployments) -> Events:
    """Return events whose folders have the names that deployments have, where one is alike."""
    stations, cameras = set(deployments.station), set(deployments.camera)
    found = [_known(name, cameras) or _known(name, stations) or name for name in events.cameras]
    of_camera = dict(zip(deployments.camera, deployments.station, strict=True))
    return _renamed(events, found, [of_camera.get(name, name) for name in found])


def shorten_folders(survey: Survey) -> Survey:
    """Return a survey whose folders are named from the one on that all of them are in."""
    names = survey.events.cameras
    if len(names) > 1 and len({name.startswith("/") for name in names}) == 1:
        root = commonpath(names)
        short = [name[len(root) :].strip("/") or name.rpartition("/")[2] for name in names]
    else:
        short = [name.rpartition("/")[2] for name in names]
    if len(set(short)) < len(names):
        return survey
    events = _renamed(survey.events, short, short)
    guess = survey.deployments
    places = dict(zip(guess.camera, zip(guess.latitude, guess.longitude, strict=True), strict=True))
    known = dict(zip(short, names, strict=True))
    again = guess_deployments(events, None)
    latitude, longitude = np.array([places[known[name]] for name in again.camera]).reshape(-1, 2).T
    return replace(
        survey, events=events, deployments=replace(again, latitude=latitude, longitude=longitude)
    )


def _known(folder: str, names: set[str]) -> str:
    """Return the last part of a folder's path that is one of `names`, '' if none is."""
    ends = (name for name in folder_names(folder) if name in names)
    parts = (part for part in reversed(folder.split("/")) if part in names)
    return next(ends, "") or next(parts, "")


def _renamed(events: Events, cameras: list[str], stations: list[str]) -> Events:
    """Return events with these names of cameras, and of their stations; alike ones become one."""
    camera_names, station_names = tuple(dict.fromkeys(cameras)), tuple(dict.fromkeys(stations))
    camera = np.array([camera_names.index(name) for name in cameras], np.int64)
    station = np.array([station_names.index(name) for name in stations], np.int64)
    station_of = np.zeros(len(camera_names), np.int64)
    station_of[camera] = station
    return replace(
        events,
        cameras=camera_names,
        camera=camera[events.camera],
        stations=station_names,
        station=station[events.camera],
        station_of=station_of,
    )
