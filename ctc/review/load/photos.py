"""Where the photos of predictions are now, and which are missing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.storage.paths import parse_path
from ctc.storage.urls import is_url

SAMPLE = 200
"""Missing photos that are looked for under other folders."""


class PhotoFinder:
    """Tells whether photos exist, with one listing per folder; URLs are taken as there."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}

    def exists(self, location: str) -> bool:
        """Return whether there is a photo, or the clip of a frame (`clip.mp4#t=3.2`)."""
        if is_url(location):
            return True
        folder, name = os.path.split(location.partition("#t=")[0])
        if name in self._listing(folder):
            return True
        return Path(folder, name).exists()  # on a file system that ignores case

    def missing(self, paths: Sequence[str], places: PhotoPlaces) -> list[str]:
        """Return the paths whose photos do not exist."""
        return [path for path in paths if not self.exists(places.location(path))]

    def _listing(self, folder: str) -> frozenset[str]:
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(path.name for path in Path(folder or ".").iterdir())
            except OSError:  # missing, or not a folder that may be listed
                self._names[folder] = frozenset()
        return self._names[folder]


def find_places(
    paths: Sequence[str], root: str | None, finder: PhotoFinder
) -> tuple[PhotoPlaces, list[str]]:
    """Return where the photos are, and the paths of those that are missing.

    `root`: the folder or URL of the photos, None for the current folder, which is remembered, so
    that the review can go on from another one. If photos are missing below a `root`, the beginning
    of their paths is looked for that it replaces, such as the folder that they have moved from.
    """
    plain = PhotoPlaces(_absolute(root or "."))
    missing = finder.missing(paths, plain)
    if root is None or not missing:
        return plain, missing
    prefixes = Counter[str]()
    step = max(1, len(missing) // SAMPLE)
    for path in islice(missing, 0, None, step):
        prefixes.update(_fitting_prefixes(path, plain.root, finder))
    best, best_missing = plain, missing
    for prefix, _ in prefixes.most_common(3):
        moved = PhotoPlaces(plain.root, prefix)
        left = finder.missing(paths, moved)
        if len(left) < len(best_missing):
            best, best_missing = moved, left
    return best, best_missing


def _fitting_prefixes(path: str, root: str, finder: PhotoFinder) -> list[str]:
    """Return the beginnings of a path whose rest is a photo below `root`, the shortest first."""
    parts = path.replace("\\", "/").split("/")
    return [
        "/".join(parts[:at]) or "/"
        for at in range(1, len(parts))
        if finder.exists(PhotoPlaces(root).location("/".join(parts[at:])))
    ]


def _absolute(root: str) -> str:
    path = parse_path(root)
    return str(path.absolute()) if isinstance(path, Path) and not is_url(root) else root
