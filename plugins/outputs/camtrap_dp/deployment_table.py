"""The user's table of deployments: `--deployments`.

A row is an event's deployment if it has the event's name as its deploymentID, or as its location
and the nearest times. Of a name that is a path of folders, one of the folders may be that name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ctc.artifacts.camtrap_dp.deployments import (
    COLUMNS,
    PROBLEM,
    DeploymentRow,
    read_deployment_rows,
)
from ctc.errors import InputError, UsageError
from ctc.images.metadata.time_zone import Clock
from ctc.plugin import Option

from .columns import DEPLOYMENTS, clean_cell

DEPLOYMENT_TABLE = Option(
    "deployments",
    "CSV that says when and where cameras ran, as for ctc summarize: start, end and all columns of "
    "the standard are taken from it.  [default: from the photos]",
    "path",
    "FILE",
)
_HELD_ELSEWHERE = {name for names in COLUMNS.values() for name in names}


@dataclass(frozen=True)
class ListedDeployment:
    """A deployment of the table; its times have a zone.

    Photos may be from `since` to `until`. `coordinates` are degrees of latitude and longitude.
    `cells`: the standard's other columns that have a value.
    """

    id: str
    location: str
    start: datetime
    end: datetime
    since: datetime
    until: datetime
    coordinates: tuple[float, float] | None
    cells: Mapping[str, str]

    def distance(self, moment: datetime) -> timedelta:
        """Return the time between a moment and the deployment, 0 within it."""
        moment = moment.replace(microsecond=0)
        return max(self.since - moment, moment - self.until, timedelta(0))


@dataclass(frozen=True)
class DeploymentTable:
    """All deployments of a table called `name`.

    `unusable`: the columns with a value that the standard doesn't allow, and how many have one.
    `beyond`: the columns that the standard doesn't have.
    """

    name: str
    listed: tuple[ListedDeployment, ...]
    unusable: Mapping[str, int]
    beyond: tuple[str, ...]

    def find(self, name: str, moments: Iterable[datetime]) -> ListedDeployment | None:
        """Return the deployment of an event, None if it isn't there or can't be told."""
        moment = min(moments, default=None)
        found = self._find(name, moment)
        if found is not None or "/" not in name:
            return found
        folders = [self._find(folder, moment) for folder in name.split("/")]
        known = {one.id: one for one in folders if one is not None}
        return next(iter(known.values())) if len(known) == 1 else None

    def _find(self, name: str, moment: datetime | None) -> ListedDeployment | None:
        found = [one for one in self.listed if one.id == name]
        found = found or [one for one in self.listed if one.location == name]
        if len(found) < 2 or moment is None:
            return found[0] if len(found) == 1 else None
        return min(found, key=lambda one: one.distance(moment))


def read_deployment_table(path: Path, clock: Clock) -> DeploymentTable:
    """Read the table at a path or URL.

    Raises CtcError if it can't be read, if two deployments have one name, and if its times have no
    zone and the clock has none.
    """
    rows = read_deployment_rows(path)
    if clock.zone is None and any(row.start.tzinfo is None for row in rows):
        raise UsageError(
            f"the time zone of the deployments in '{path}' is unknown: set --time-zone, for "
            "example --time-zone Europe/Berlin or --time-zone +01:00"
        )
    unusable: Counter[str] = Counter()
    names = _distinct_names(path, rows)
    listed = tuple(
        _listed(name, row, clock, unusable) for name, row in zip(names, rows, strict=True)
    )
    beyond = (
        name
        for name in rows[0].cells
        if name not in {*DEPLOYMENTS, *_HELD_ELSEWHERE} and not PROBLEM.fullmatch(name)
    )
    return DeploymentTable(path.name, listed, unusable, tuple(beyond))


def _distinct_names(path: Path, rows: Iterable[DeploymentRow]) -> list[str]:
    """Return the ids; the day of its start is added to a station that stands for several rows."""
    count = Counter(row.camera for row in rows)
    names = [
        f"{row.camera} {row.start:%Y-%m-%d}"
        if count[row.camera] > 1 and row.camera == row.station
        else row.camera
        for row in rows
    ]
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise InputError(
            f"'{path}' has several deployments called '{twice[0]}': give each row a deploymentID "
            "of its own"
        )
    return names


def _listed(
    name: str, row: DeploymentRow, clock: Clock, unusable: Counter[str]
) -> ListedDeployment:
    cells: dict[str, str] = {}
    for column in DEPLOYMENTS:
        text = row.cells.get(column, "")
        value = clean_cell(column, text)
        unusable[column] += value is None
        if value:
            cells[column] = value
    comments = [cells.get("deploymentComments", ""), *_gaps(row)]
    cells["deploymentComments"] = "; ".join(filter(None, comments))
    start, end, since, until = (
        moment if moment.tzinfo else clock.with_offset(moment)
        for moment in (row.start, row.end, row.since, row.until)
    )
    place = row.latitude, row.longitude
    coordinates = None if any(map(math.isnan, place)) else place
    return ListedDeployment(name, row.station, start, end, since, until, coordinates, cells)


def _gaps(row: DeploymentRow) -> Iterator[str]:
    for low, high in row.gaps:
        yield f"did not work from {low:%Y-%m-%dT%H:%M:%S} to {high:%Y-%m-%dT%H:%M:%S}"
