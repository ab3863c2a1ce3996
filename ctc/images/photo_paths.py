"""Paths of photos as sources write them."""

from __future__ import annotations

import ntpath
import posixpath

from ctc.storage.paths import is_url


def normalize_path(path: str) -> str:
    """With forward slashes, and without './', '//' and 'x/..'; a Windows drive or share stays in
    front, whatever comes after. A URL stays as it is."""
    if is_url(path):
        return path
    drive, rest = ntpath.splitdrive(path.replace("\\", "/"))
    return drive + posixpath.normpath(rest)
