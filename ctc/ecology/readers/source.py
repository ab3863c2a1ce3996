"""The survey of what a user gives, with the deployments of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ctc.artifacts.cameras.clock_offsets import ClockOffsets
from ctc.artifacts.file_kind import recognize_kind
from ctc.ecology.config import SummaryConfig
from ctc.ecology.readers.camtrap_dp.survey import is_camtrap_dp, read_camtrap_dp_survey
from ctc.ecology.readers.clock import STORES, check_not_corrected, correct_clocks
from ctc.ecology.readers.deployments import read_deployments
from ctc.ecology.readers.event_cameras import name_cameras
from ctc.ecology.readers.inventory import read_inventory_survey
from ctc.ecology.readers.odd_times import describe_clocks
from ctc.ecology.readers.photo_folders import name_folders, shorten_folders
from ctc.ecology.readers.predictions import read_prediction_survey
from ctc.ecology.readers.review import read_review_survey
from ctc.ecology.survey import Deployments, Events, Ints, Survey
from ctc.errors import InputError, UsageError
from ctc.reporting import counted
from ctc.storage.remote_files import local_copy

_SHOWN = 5
_ENOUGH = 0.95
"""Sum of the probabilities of an event from which on these are taken to be those of all classes."""
GUESSED = (
    "trap nights are guessed: cameras are taken to have run from their first to their last photo,"
    " which is too short for all of them and leaves out those without photos; give --deployments"
)


BY_FOLDER = (
    "there is no column 'location', so the folders of the photos are taken for the stations,"
    " without those that a camera numbers itself"
)


def read_survey(source: Path, deployments: Path | None, config: SummaryConfig) -> Survey:
    """Read a prediction file, an inventory, a review store or a Camtrap DP package, also at URLs.

    `deployments`: a table that says when and where cameras ran. Raises CtcError if something can't
    be read, or nothing of the survey is in the deployments.
    """
    if not source.exists():
        raise UsageError(
            f"'{source}' does not exist: give what `ctc predict` or `ctc review` wrote"
        )
    survey = _without_partial_probabilities(_read(source, config))
    if survey.by_folder:
        survey = replace(survey, warnings=(*survey.warnings, BY_FOLDER))
    if config.clock_offset is not None:
        check_not_corrected(source)
        survey = correct_clocks(survey, ClockOffsets.read(config.clock_offset))
    if deployments is not None:
        return _join(survey, read_deployments(deployments), config)
    if survey.deployments.is_guess and survey.by_folder:
        survey = shorten_folders(survey)
    table = survey.deployments
    clocks = describe_clocks(survey.events, table)
    guessed = (GUESSED,) if table.is_guess else ()
    survey = replace(survey, warnings=(*survey.warnings, *guessed, *clocks))
    return survey if table.is_guess else _join(survey, table, config)


def _without_partial_probabilities(survey: Survey) -> Survey:
    """Return the survey without probabilities that lack most of what is not the answer.

    Without the other classes, draws would show no error, or nothing at all.
    """
    events = survey.events
    if events.probabilities is None or events.multi_label:
        return survey
    total = float(events.probabilities.sum(axis=0).mean())
    if total >= _ENOUGH:
        return survey
    warning = (
        f"the probabilities of an event sum to {total:.2f} on average, since the file lacks"
        " classes, so nothing is told with the classifier's error: predict without --max-classes"
    )
    without = replace(events, probabilities=None)
    return replace(survey, events=without, warnings=(*survey.warnings, warning))


def _read(source: Path, config: SummaryConfig) -> Survey:
    if is_camtrap_dp(source):
        return read_camtrap_dp_survey(source, config)
    copy = local_copy(source)
    try:
        return _reader(copy)(copy, config)
    except InputError as error:  # say the URL of a file, not the name of its copy
        raise InputError(str(error).replace(str(copy), str(source))) from None


def _reader(source: Path) -> Callable[[Path, SummaryConfig], Survey]:
    if source.suffix.lower() in STORES:
        return read_review_survey
    if recognize_kind(source) == "inventory":
        return read_inventory_survey
    return read_prediction_survey


def _join(survey: Survey, deployments: Deployments, config: SummaryConfig) -> Survey:
    """Return the survey with these deployments, also with those that have no event.

    A name of an event's location that is no station of the table is taken as that of a deployment.
    """
    events = name_folders(survey.events, deployments) if survey.by_folder else survey.events
    events = _rename_cameras(events, deployments)
    known = set(deployments.station)
    lacking = sorted(set(events.stations) - known)
    if len(lacking) == len(events.stations):
        raise InputError(
            f"no location of the events is in the deployments: events are at {_listed(lacking)},"
            f" deployments at {_listed(sorted(known))}"
        )
    events, unsure = name_cameras(events, deployments, config)
    warnings = [*survey.warnings, *unsure]
    if lacking:
        count = counted(len(lacking), "location of events is", "locations of events are")
        warnings.append(f"{count} not in the deployments: {_listed(lacking)}")
    places = _fill_places(survey.deployments, deployments)
    joined = _add_units(events, places)
    return replace(survey, events=joined, deployments=places, warnings=tuple(warnings))


def _rename_cameras(events: Events, deployments: Deployments) -> Events:
    station_of = dict(zip(deployments.camera, deployments.station, strict=True))
    known = set(deployments.station)
    moved = {
        name: station_of[name]
        for name in events.stations
        if name not in known and name in station_of
    }
    if not moved:
        return events
    names = [moved.get(name, name) for name in events.stations]
    stations = tuple(dict.fromkeys(names))
    number = np.array([stations.index(name) for name in names], np.int64)
    return replace(
        events,
        stations=stations,
        station=number[events.station],
        station_of=number[events.station_of],
    )


def _add_units(events: Events, deployments: Deployments) -> Events:
    """Return the events with the stations and cameras of all deployments."""
    stations = tuple(dict.fromkeys((*events.stations, *deployments.station)))
    cameras = tuple(dict.fromkeys((*events.cameras, *deployments.camera)))
    place = {name: number for number, name in enumerate(stations)}
    of_camera: Ints = np.zeros(len(cameras), np.int64)
    own = dict(zip(deployments.camera, deployments.station, strict=True))
    for number, name in enumerate(cameras):
        known = number < len(events.cameras)
        of_camera[number] = events.station_of[number] if known else place[own[name]]
    return replace(events, stations=stations, cameras=cameras, station_of=of_camera)


def _fill_places(guess: Deployments, deployments: Deployments) -> Deployments:
    """Return the deployments, with coordinates of photos where the table has none."""
    place = dict(zip(guess.station, zip(guess.latitude, guess.longitude, strict=True), strict=True))
    latitude, longitude = deployments.latitude.copy(), deployments.longitude.copy()
    for number, name in enumerate(deployments.station):
        if np.isnan(latitude[number]) and name in place:
            latitude[number], longitude[number] = place[name]
    return replace(deployments, latitude=latitude, longitude=longitude)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more
