"""Deployments of a Camtrap DP package, collected from the events.

A deployment is a camera's location with its start and end. An event's deployment is the one in its
meta column `deploymentID`, else `location`, else the folder of its first photo, without the folders
that a camera numbers itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from ctc.artifacts.predictions import EventPrediction
from ctc.images.listing.folder_names import camera_folder
from ctc.storage.paths import absolute_path, relative_path

from ..photo_fields import (
    CAMERA,
    LATITUDE,
    LONGITUDE,
    FieldValue,
    photo_fields,
)
from .columns import MISSING


@dataclass
class Deployment:
    """One deployment.

    `coordinates` are latitude and longitude in degrees, from the first event that has both.
    """

    id: str
    location: str = ""
    camera: str = ""
    coordinates: tuple[float, float] | None = None
    start: datetime | None = None
    end: datetime | None = None

    def to_row(self) -> dict[str, object]:
        """Return the row of the table deployments."""
        latitude, longitude = self.coordinates or ("", "")
        return {
            "deploymentID": self.id,
            "locationID": self.location,
            "latitude": latitude,
            "longitude": longitude,
            "deploymentStart": format_datetime(self.start),
            "deploymentEnd": format_datetime(self.end),
            "cameraModel": self.camera,
        }


@dataclass
class Deployments:
    """All deployments by id, in order of appearance; photo paths are relative to `root`."""

    root: Path
    by_id: dict[str, Deployment] = field(default_factory=dict)

    def add(self, event: EventPrediction, moments: Iterable[datetime]) -> Deployment:
        """Return the event's deployment, extended to the times of its photos."""
        deployment_id = (
            _meta_text(event, "deploymentID")
            or _meta_text(event, "location")
            or self._folder_name(event)
        )
        deployment = self.by_id.setdefault(deployment_id, Deployment(deployment_id))
        fields = photo_fields(event)
        deployment.location = deployment.location or _meta_text(event, "location")
        deployment.camera = deployment.camera or str(fields[CAMERA] or "")
        deployment.coordinates = deployment.coordinates or _parse_coordinates(
            fields[LATITUDE], fields[LONGITUDE]
        )
        for moment in moments:
            deployment.start = min(deployment.start or moment, moment)
            deployment.end = max(deployment.end or moment, moment)
        return deployment

    def _folder_name(self, event: EventPrediction) -> str:
        photo = event.images[0].path
        path = relative_path(photo, self.root) or absolute_path(photo)
        folder = camera_folder(str(PurePosixPath(path).parent))
        name = self.root.name if folder in ("", ".") else folder
        return f"folder {name}" if name in MISSING else name


def format_datetime(moment: datetime | None) -> str:
    """Return the time as the standard has it, without fractions of a second; '' for None."""
    return moment.isoformat(timespec="seconds") if moment else ""


def _meta_text(event: EventPrediction, column: str) -> str:
    value = event.meta.get(column)
    text = "" if value is None else str(value)
    return "" if text in MISSING else text


def _parse_coordinates(latitude: FieldValue, longitude: FieldValue) -> tuple[float, float] | None:
    north, east = _parse_degrees(latitude, 90), _parse_degrees(longitude, 180)
    return None if north is None or east is None else (north, east)


def _parse_degrees(value: FieldValue, limit: int) -> float | None:
    """Return the degrees of a number, or of text with a decimal comma or a sign of degrees."""
    text = "" if value is None else str(value).strip().rstrip("° ").replace(",", ".")
    try:
        degrees = float(text)
    except ValueError:
        return None
    return degrees if abs(degrees) <= limit else None
