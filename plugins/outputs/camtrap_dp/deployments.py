"""Deployments of a Camtrap DP package, collected from the events.

A deployment is a camera's location with its start and end. An event's deployment is called as its
meta column `deploymentID` says, else `location`, else the folder of its first photo, without the
folders that a camera numbers itself. A table of deployments may say more of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from pathlib import Path, PurePosixPath
from typing import Self

import numpy as np

from ctc.artifacts.cameras.card_folders import camera_folder
from ctc.artifacts.camtrap_dp.coordinates import LIMITS, parse_degrees
from ctc.artifacts.predictions import EventPrediction
from ctc.images.metadata.camera_clock import is_wrong_time
from ctc.storage.paths import absolute_path, relative_path

from ..photo_fields import (
    CAMERA,
    LATITUDE,
    LONGITUDE,
    FieldValue,
    photo_fields,
)
from .columns import MISSING
from .deployment_table import DeploymentTable, ListedDeployment


@dataclass
class Deployment:
    """One deployment; `listed` is what the user's table says of it.

    `coordinates` are latitude and longitude in degrees, of the table, else from the first event
    that has both; so are `location` and `camera`. `serials`: serial numbers in the photos. `start`
    and `end` are those of the table, else of the photos, without times that are the default of a
    clock or in the future if there are others. `photos` is their number, clips included, `outside`
    how many were taken before start or after end, `wrong` how many have such a time, and
    `corrected` how many have another time than the clock showed.
    """

    id: str
    location: str = ""
    camera: str = ""
    coordinates: tuple[float, float] | None = None
    start: datetime | None = None
    end: datetime | None = None
    listed: ListedDeployment | None = None
    photos: int = 0
    outside: int = 0
    wrong: int = 0
    corrected: int = 0
    serials: set[str] = field(default_factory=set)
    _wrong_times: list[datetime] = field(default_factory=list)

    @classmethod
    def from_table(cls, listed: ListedDeployment) -> Self:
        """Return a deployment without photos yet."""
        return cls(
            listed.id,
            listed.cells.get("locationID") or listed.location,
            listed.cells.get("cameraModel", ""),
            listed.coordinates,
            listed.start,
            listed.end,
            listed,
        )

    def add(self, event: EventPrediction, moments: Collection[datetime]) -> None:
        """Add what an event with photos at these times tells."""
        fields = photo_fields(event)
        self.location = self.location or meta_text(event, "location")
        self.camera = self.camera or str(fields[CAMERA] or "")
        self.serials |= {meta_text(event, "camera_serial")} - {""}
        self.coordinates = self.coordinates or _parse_coordinates(
            fields[LATITUDE], fields[LONGITUDE]
        )
        if self.listed is not None:  # where only a day is known, its photos are in it
            within = [one for one in moments if not self.listed.distance(one)]
            self.outside += len(moments) - len(within)
            moments = within
        else:
            moments = self._without_wrong(moments)
        for moment in moments:
            self.start = min(self.start or moment, moment)
            self.end = max(self.end or moment, moment)

    def _without_wrong(self, moments: Collection[datetime]) -> list[datetime]:
        """Return the times but those of a clock that was not set; these are kept if all are."""
        wrong = is_wrong_time(np.array([one.replace(tzinfo=None) for one in moments], "M8[s]"))
        self.wrong += int(wrong.sum())
        times = [*self._wrong_times, *compress(moments, wrong)]
        self._wrong_times = [min(times), max(times)] if times else []
        return list(compress(moments, ~wrong))

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """Return start and end; of times of a clock that was not set if there are no others."""
        if self.start is None and self._wrong_times:
            return min(self._wrong_times), max(self._wrong_times)
        return self.start, self.end

    def to_row(self) -> dict[str, object]:
        """Return the row of the table deployments."""
        start, end = self.span
        latitude, longitude = self.coordinates or ("", "")
        serial = next(iter(self.serials)) if len(self.serials) == 1 else ""
        cells = self.listed.cells if self.listed else {}
        return {
            **cells,
            "deploymentID": self.id,
            "locationID": self.location,
            "latitude": latitude,
            "longitude": longitude,
            "deploymentStart": format_datetime(start),
            "deploymentEnd": format_datetime(end),
            "cameraID": cells.get("cameraID") or serial,
            "cameraModel": self.camera,
            **({"timestampIssues": "true"} if self.outside or self.wrong else {}),
        }


class Deployments:
    """All deployments: those of a table, then others in order of appearance.

    Photo paths are relative to `root`.
    """

    def __init__(self, root: Path, table: DeploymentTable | None = None) -> None:
        self._root = root
        self.table = table
        self._by_id = {
            one.id: Deployment.from_table(one) for one in (table.listed if table else ())
        }
        self._unlisted: dict[str, Deployment] = {}

    def __iter__(self) -> Iterator[Deployment]:
        yield from self._by_id.values()
        yield from self._unlisted.values()

    def add(self, event: EventPrediction, moments: Collection[datetime]) -> Deployment:
        """Return the event's deployment, extended by its photos."""
        name = (
            meta_text(event, "deploymentID")
            or meta_text(event, "location")
            or self._folder_name(event)
        )
        found = self.table.find(name, moments) if self.table else None
        if found is not None:
            deployment = self._by_id[found.id]
        else:
            deployment = self._unlisted.setdefault(name, Deployment(name))
        deployment.add(event, moments)
        return deployment

    def _folder_name(self, event: EventPrediction) -> str:
        photo = event.images[0].path
        path = relative_path(photo, self._root) or absolute_path(photo)
        folder = camera_folder(str(PurePosixPath(path).parent))
        name = self._root.name if folder in ("", ".") else folder
        return f"folder {name}" if name in MISSING else name


def format_datetime(moment: datetime | None) -> str:
    """Return the time as the standard has it, without fractions of a second; '' for None."""
    return moment.isoformat(timespec="seconds") if moment else ""


def meta_text(event: EventPrediction, column: str) -> str:
    value = event.meta.get(column)
    text = "" if value is None else str(value)
    return "" if text in MISSING else text


def _parse_coordinates(latitude: FieldValue, longitude: FieldValue) -> tuple[float, float] | None:
    north, east = (
        None if value is None else parse_degrees(str(value), limit)
        for value, limit in zip((latitude, longitude), LIMITS.values(), strict=True)
    )
    return None if north is None or east is None else (north, east)
