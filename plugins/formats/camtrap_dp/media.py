"""Deployments and photos of a Camtrap DP package."""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from ctc.artifacts.cameras.clock_offsets import CLOCK_SHOWED
from ctc.artifacts.camtrap_dp.coordinates import LIMITS, LenientCoordinates
from ctc.artifacts.camtrap_dp.package import CsvRow, Package
from ctc.artifacts.camtrap_dp.timestamps import normalize_timestamp, parse_timestamp
from ctc.images.clips.names import is_clip_path
from ctc.plugin import LeftOut

from ..duplicates import resolve_duplicate
from .photo_finder import PhotoFinder
from .rows import UnusableRowError, add_rows, require_value


class DeploymentLocation(NamedTuple):
    """Location of a camera, coordinates in degrees."""

    location: str
    latitude: float | None
    longitude: float | None


class MediaPhoto(NamedTuple):
    """Photo; `unix_time` is its `timestamp` in seconds since 1970, infinite without one.

    Photos sort by time, then by name. `shown`: what the camera's clock showed, None if the time is
    not known to have been corrected.
    """

    unix_time: float
    name: str
    path: str
    deployment: str
    timestamp: str | None
    event: str | None
    shown: str | None = None


class Media:
    """All usable photos by mediaID, and the deployments."""

    def __init__(self, finder: PhotoFinder, first_wins: bool) -> None:
        self._finder = finder
        self._first_wins = first_wins
        self.coordinates = LenientCoordinates()
        self.deployments: dict[str, DeploymentLocation] = {}
        self.photos: dict[str, MediaPhoto] = {}
        self._ids_by_time: dict[str, list[str]] = {}

    def read(self, package: Package) -> Iterator[LeftOut]:
        """Read deployments and photos; yields what was left out."""
        yield from add_rows(package, "deployments", self._add_deployment)
        yield from add_rows(package, "media", self._add_photo)
        for media_id, photo in self.photos.items():
            if photo.timestamp is not None:
                self._ids_by_time.setdefault(photo.deployment, []).append(media_id)
        for ids in self._ids_by_time.values():
            ids.sort(key=self._unix_time)

    @property
    def is_corrected(self) -> bool:
        """Whether a photo tells that the clock of its camera was corrected."""
        return any(photo.shown for photo in self.photos.values())

    def between(self, deployment: str, start: float, end: float) -> list[str]:
        """Return the mediaIDs of a deployment's photos from `start` to `end`, both included."""
        ids = self._ids_by_time.get(deployment, [])
        return ids[
            bisect_left(ids, start, key=self._unix_time) : bisect_right(
                ids, end, key=self._unix_time
            )
        ]

    def _unix_time(self, media_id: str) -> float:
        return self.photos[media_id].unix_time

    def _add_deployment(self, where: str, row: CsvRow) -> LeftOut | None:
        deployment_id = require_value(row, "deploymentID")
        location = row["locationID"] or row["locationName"] or deployment_id
        latitude, longitude = (
            self.coordinates.read(row[column], column, where) for column in LIMITS
        )
        found = DeploymentLocation(location, latitude, longitude)
        known = self.deployments.setdefault(deployment_id, found)
        return (
            None
            if known is found
            else resolve_duplicate(where, "deployment", known == found, self._first_wins)
        )

    def _add_photo(self, where: str, row: CsvRow) -> LeftOut | None:
        media_id, found = require_value(row, "mediaID"), self._parse_photo(row)
        known = self.photos.setdefault(media_id, found)
        return (
            None
            if known is found
            else resolve_duplicate(where, "photo", known == found, self._first_wins)
        )

    def _parse_photo(self, row: CsvRow) -> MediaPhoto:
        path, deployment = require_value(row, "filePath"), require_value(row, "deploymentID")
        kind = (row["fileMediatype"] or "image").split("/")[0]
        if kind != "image" and not (kind == "video" and is_clip_path(path)):
            raise UnusableRowError(f"is of the kind '{kind}', not an image")
        if deployment not in self.deployments:
            raise UnusableRowError("its deploymentID is not there")
        timestamp = row["timestamp"] and normalize_timestamp(row["timestamp"])
        moment = math.inf if timestamp is None else parse_timestamp(timestamp)
        if moment is None:
            raise UnusableRowError("its timestamp is no ISO 8601 time")
        return MediaPhoto(
            moment,
            row["fileName"] or path,
            self._finder.find(row),
            sys.intern(deployment),
            timestamp,
            row["eventID"],
            _shown(row["mediaComments"] or ""),
        )


def _shown(comment: str) -> str | None:
    return comment.removeprefix(CLOCK_SHOWED) if comment.startswith(CLOCK_SHOWED) else None
