"""Normalisation of photo paths in sources."""

from __future__ import annotations

import ntpath
import posixpath

from ctc.storage.paths import is_url


def normalize_path(path: str) -> str:
    """Return the path with forward slashes, without './', '//' and 'x/..'.

    A Windows drive or share stays in front, whatever follows. A URL is returned unchanged.
    """
    if is_url(path):
        return path
    drive, rest = ntpath.splitdrive(path.replace("\\", "/"))
    return drive if drive and not rest else drive + posixpath.normpath(rest)
