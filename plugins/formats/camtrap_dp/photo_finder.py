"""Where the photos of a Camtrap DP package are: in it, at URLs, or downloaded from there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

from ctc.artifacts.camtrap_dp.package import CsvRow, Package
from ctc.errors import InputError
from ctc.images.listing.folders import find_photos
from ctc.images.listing.photo_paths import normalize_path
from ctc.storage.paths import is_http, is_remote, is_url
from ctc.storage.urls import refusal

from .rows import UnusableRowError, require_value

_FALSE = frozenset({"false", "0"})


class PhotoFinder:
    """Finds the photos of media rows; `image_root`: the folder that the user gave, or None.

    `not_public`: how many photos at web addresses are not public. `in_zip`: how many are in the zip
    of the package; they are found beside it once it is unpacked there.
    """

    def __init__(self, package: Package, image_root: Path | None) -> None:
        self._package = package
        self._root = image_root
        self.not_public = 0
        self.in_zip = 0

    def find(self, row: CsvRow) -> str:
        """Return a path relative to the image root, an absolute path, or a URL.

        Raises UnusableRowError, with the reason, for a photo that can't be opened.
        """
        path = require_value(row, "filePath")
        if not is_url(path):
            return self._find_local(normalize_path(path), row)
        downloaded = self._find_by_name(row)
        if downloaded is not None:
            return downloaded
        if path.lower().startswith("file:"):
            raise UnusableRowError("is a file of another computer: give its folder, --image-root")
        refused = refusal(path)
        if refused:
            raise UnusableRowError(refused)
        self.not_public += is_http(path) and (row["filePublic"] or "").lower() in _FALSE
        return path

    def _find_local(self, path: str, row: CsvRow) -> str:
        if self._root is None:
            inside = self._package.photo_in_zip(path)
            self.in_zip += inside is not None
            return inside or path
        if path in self._paths:
            return path
        in_package = self._package.find_photo(path)
        return self._find_by_name(row) or (path if in_package is None else in_package)

    def _find_by_name(self, row: CsvRow) -> str | None:
        """Return the photo below the image root that has the row's file name, None without any.

        Of several, that in a folder called like the deployment.
        """
        name = row["fileName"]
        found = self._by_name.get(name, ()) if name else ()
        if len(found) > 1:
            deployment = row["deploymentID"]
            found = tuple(path for path in found if deployment in PurePosixPath(path).parts)
            if len(found) != 1:
                raise UnusableRowError(
                    "its fileName is that of several photos below --image-root: give them a folder "
                    "per deployment"
                )
        return found[0] if found else None

    @cached_property
    def _paths(self) -> frozenset[str]:
        """The paths of all photos below the image root, relative to it."""
        if self._root is None:
            return frozenset()
        separator = "/" if is_remote(self._root) else None
        start = str(self._root).rstrip("/\\")
        try:
            folders = find_photos(self._root, clips=True)
        except InputError:  # without any photo
            return frozenset()
        photos = (photo.removeprefix(start) for folder in folders for photo in folder)
        return frozenset(
            (photo if separator else photo.replace("\\", "/")).lstrip("/") for photo in photos
        )

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for path in sorted(self._paths):
            name = path.rpartition("/")[2]
            found[name] = (*found.get(name, ()), path)
        return found
