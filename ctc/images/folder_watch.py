"""Tell a photo that is missing from a disk or network folder that went away with all its photos."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ctc.errors import ImageError, InputError, reason
from ctc.images.files import read_photo
from ctc.storage.paths import is_url


class FolderWatch:
    """Reads photos of a run, and ends it when a folder that was there is there no more.

    Threads may share it. Photos at URLs are read as `read_photo` does.
    """

    def __init__(self, *folders: str) -> None:
        """Start with `folders`, which should be there."""
        self._devices: dict[str, int | None] = {}
        for folder in folders:
            if not is_url(folder):
                self._devices[folder.rstrip(os.sep) or os.sep] = None

    def read(self, path: str) -> bytes:
        """Return the contents of a photo.

        Raises ImageError as `read_photo` does, and InputError if the photo's folder, or one above
        it, was there earlier and has been moved, unplugged or disconnected.
        """
        if is_url(path):
            return read_photo(path)
        try:
            data = read_photo(path)
        except ImageError:
            self._check_folders(path)
            raise
        self._add_folders(path)
        return data

    def expect(self, path: str) -> None:
        """Note that the folder of this photo was there in an earlier run."""
        folder = os.path.dirname(path)
        if folder and folder not in self._devices and not is_url(path):
            self._devices[folder] = None

    def _add_folders(self, path: str) -> None:
        """Note on which device the folders above a photo are."""
        for folder in _folders_above(path):
            if self._devices.get(folder) is not None:
                return
            self._devices[folder] = os.stat(folder).st_dev

    def _check_folders(self, path: str) -> None:
        lost = [found for folder in _folders_above(path) if (found := self._describe_loss(folder))]
        if lost:
            raise InputError(
                f"{lost[-1]}, so its photos can't be read: connect the disk or network folder again"
            )

    def _describe_loss(self, folder: str) -> str | None:
        """Return that a folder which was there is not there any more, or None."""
        if folder not in self._devices:
            return None
        try:
            device = os.stat(folder).st_dev
        except OSError as error:
            return f"folder '{folder}' is gone ({reason(error)})"
        known = self._devices[folder]
        return f"the disk of folder '{folder}' is gone" if known not in (None, device) else None


def _folders_above(path: str) -> Iterator[str]:
    """Yield the folder of a path, the one above that, and so on, without the topmost."""
    folder = os.path.dirname(path)
    while folder and folder != os.path.dirname(folder):
        yield folder
        folder = os.path.dirname(folder)
