"""Where photos are: paths of two runs, which may have been given from other folders."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ctc.storage.paths import is_url


@dataclass(frozen=True)
class Places:
    """The places of a run's photos. `folder`: what its relative paths start from."""

    folder: str

    def of(self, path: str) -> str:
        """Return the absolute path of a photo, a URL unchanged."""
        if is_url(path):
            return path
        return os.path.normpath(os.path.join(self.folder, path))  # noqa: PTH118, millions of them


@dataclass(frozen=True)
class Moved:
    """Folders of photos in an earlier run and now, of a disk that may have another name today."""

    before: str
    now: str

    def earlier(self, place: str) -> str | None:
        """Return where a photo was in the earlier run, if its whole folder has moved."""
        start = self.now.rstrip(os.sep) + os.sep
        if self.before == self.now or not place.startswith(start):
            return None
        return self.before.rstrip(os.sep) + os.sep + place.removeprefix(start)
