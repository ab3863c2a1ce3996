"""Paths of photos as sources write them."""

from __future__ import annotations

import posixpath


def plain(path: str) -> str:
    """With forward slashes, and without './', '//' and 'x/..'."""
    return posixpath.normpath(path.replace("\\", "/"))
