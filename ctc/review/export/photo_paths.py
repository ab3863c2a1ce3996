"""Paths of an export's photos, and the folder that they start from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctc.artifacts.review.about import StoreAbout
from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.artifacts.review.records import ReviewEvent
from ctc.storage.paths import absolute_path, parse_path, relative_path
from ctc.storage.urls import is_url


@dataclass(frozen=True)
class PhotoPaths:
    """`root`: an absolute folder or URL; `places`: where photos are."""

    root: Path
    places: PhotoPlaces

    @classmethod
    def from_about(cls, about: StoreAbout) -> PhotoPaths:
        """Return the paths of a store; without a root they start from the current folder."""
        root = parse_path(about.photo_root) if about.photo_root else Path.cwd()
        return cls(root, PhotoPlaces(about.photo_root, about.photo_prefix))

    def of(self, event: ReviewEvent) -> list[str]:
        """Return the paths or URLs under which the photos of an event can be read."""
        return [self.places.location(photo.path) for photo in event.photos]

    def relative(self, event: ReviewEvent) -> list[str]:
        """Return the paths below the root, absolute for photos that are elsewhere."""
        return [self._relative(location) for location in self.of(event)]

    def _relative(self, location: str) -> str:
        if is_url(location):
            root = str(self.root).rstrip("/") + "/"
            return location.removeprefix(root)
        return relative_path(location, self.root) or absolute_path(location)
