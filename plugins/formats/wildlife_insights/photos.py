"""Where the photos of a Wildlife Insights download are: in its bucket, or below a folder.

`location` is the photo in a bucket for members of the project (`gs://…/<image_id>.jpg`), and a page
that needs a login for others (`https://app.wildlifeinsights.org/…`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from ctc.errors import InputError
from ctc.images.clips.names import is_clip_path
from ctc.images.files import is_image_name
from ctc.images.listing.folders import find_photos
from ctc.images.listing.photo_paths import normalize_path
from ctc.storage.paths import is_remote, is_url
from ctc.storage.urls import refusal

LOGIN = "its location is a page behind a login: download the photos, and give their --image-root"
NOT_FOUND = "no file below --image-root has its filename or image_id"
SEVERAL = "several files below --image-root have its filename: give them a folder per deployment_id"
NO_PLACE = "it has neither a filename nor a location"


class PhotoNotFoundError(Exception):
    """A photo that can't be opened; the message is the reason."""


class PhotoFinder:
    """Finds the photos of rows; `image_root`: the folder that the user gave, or None."""

    def __init__(self, image_root: Path | None) -> None:
        self._root = image_root

    def find(self, row: Mapping[str, str], places: tuple[str, ...]) -> str:
        """Return a path relative to the image root, or a URL.

        `places`: names that the photo's folder may have, the surest first. Raises
        PhotoNotFoundError with the reason if the photo can't be opened.
        """
        filename = normalize_path(name) if (name := row.get("filename", "").strip()) else ""
        location = row.get("location", "").strip()
        if self._root is not None:
            return self._below_root(filename, location, row["image_id"].strip(), places)
        if is_url(location):
            if not _is_photo(location.partition("?")[0].rpartition("/")[2]):
                raise PhotoNotFoundError(LOGIN)
            if refused := refusal(location):
                raise PhotoNotFoundError(refused)
            return location
        if not (location or filename):
            raise PhotoNotFoundError(NO_PLACE)
        return normalize_path(location) if location else filename

    def _below_root(
        self, filename: str, location: str, image_id: str, places: tuple[str, ...]
    ) -> str:
        for path in (filename, *(f"{place}/{filename}" for place in places)):
            if filename and path in self._paths:
                return path
        names = (PurePosixPath(filename).name, image_id, location.rpartition("/")[2])
        for name in filter(None, names):
            if found := self._by_name.get(name.casefold(), ()):
                return _only(found, places)
        raise PhotoNotFoundError(NOT_FOUND)

    @cached_property
    def _paths(self) -> frozenset[str]:
        """The paths of all photos below the image root, relative to it."""
        assert self._root is not None
        start = str(self._root).rstrip("/\\")
        try:
            found = [photo for folder in find_photos(self._root, clips=True) for photo in folder]
        except InputError:  # without any photo
            return frozenset()
        relative = (photo.removeprefix(start) for photo in found)
        return frozenset(
            (path if is_remote(self._root) else path.replace("\\", "/")).lstrip("/")
            for path in relative
        )

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[str, ...]]:
        """The paths by name, and by name without the suffix, in small letters."""
        found: dict[str, tuple[str, ...]] = {}
        for path in sorted(self._paths):
            name = PurePosixPath(path)
            for key in {name.name.casefold(), name.stem.casefold()}:
                found[key] = (*found.get(key, ()), path)
        return found


def _is_photo(name: str) -> bool:
    return is_image_name(name) or is_clip_path(name)


def _only(found: tuple[str, ...], places: tuple[str, ...]) -> str:
    """Return the only path, or the only one in a folder with the name of a place."""
    if len(found) == 1:
        return found[0]
    for place in places:
        here = [path for path in found if place in PurePosixPath(path).parts[:-1]]
        if len(here) == 1:
            return here[0]
    raise PhotoNotFoundError(SEVERAL)
