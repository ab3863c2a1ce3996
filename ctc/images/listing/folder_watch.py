"""Tell a photo that is missing from a disk or network folder that went away with all its photos."""

from __future__ import annotations

import os
from pathlib import Path

from ctc.errors import ImageError, InputError, reason
from ctc.images.files import read_photo
from ctc.storage.paths import is_url


class LostFolderError(InputError):
    """A folder of photos was there, and is there no more."""


class FolderWatch:
    """Reads photos of a run, and ends it when a folder that was there is there no more.

    Threads may share it. Photos at URLs are read as `read_photo` does.
    """

    def __init__(self, *folders: str) -> None:
        """Start with `folders`, which should be there."""
        self._devices: dict[Path, int | None] = {
            Path(folder): None for folder in folders if not is_url(folder)
        }
        self._seen: set[str] = set()
        self._expected: set[str] = set()

    def read(self, path: str) -> bytes:
        """Return the contents of a photo.

        Raises ImageError as `read_photo` does, and LostFolderError if the photo's folder, or one
        above it, was there earlier and has been moved, unplugged or disconnected.
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
        if _is_first(self._expected, path) and not is_url(path):
            self._devices.setdefault(Path(path).parent, None)

    def _add_folders(self, path: str) -> None:
        """Note on which device the folders above a photo are."""
        if not _is_first(self._seen, path):
            return
        for folder in Path(path).parents:
            if self._devices.get(folder) is not None:
                return
            self._devices[folder] = folder.stat().st_dev

    def _check_folders(self, path: str) -> None:
        lost = [found for folder in Path(path).parents if (found := self._describe_loss(folder))]
        if lost:
            raise LostFolderError(
                f"{lost[-1]}, so its photos can't be read: connect the disk or network folder again"
            )

    def _describe_loss(self, folder: Path) -> str | None:
        """Return that a folder which was there is not there any more, or None."""
        if folder not in self._devices:
            return None
        try:
            device = folder.stat().st_dev
        except OSError as error:
            return f"folder '{folder}' is gone ({reason(error)})"
        known = self._devices[folder]
        return f"the disk of folder '{folder}' is gone" if known not in (None, device) else None


def _is_first(seen: set[str], path: str) -> bool:
    """Return whether this is the first photo of its folder; there may be millions of photos."""
    folder = path.rpartition(os.sep)[0] or path.rpartition("/")[0]
    is_first = folder not in seen
    seen.add(folder)
    return is_first
