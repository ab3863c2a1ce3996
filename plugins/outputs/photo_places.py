"""Where a photo is, as files that travel with the photos say it."""

from __future__ import annotations

import os
from pathlib import Path

from ctc.artifacts.places import is_url


def absolute(path: str) -> str:
    """With forward slashes, and without '.' and '..'; a URL as it is."""
    if is_url(path):
        return path
    return _forward(os.path.normpath(Path(path).absolute()))


def relative(path: str, root: Path) -> str | None:
    """The way to the photo from `root`, an absolute folder, with forward slashes; None when it is not below."""
    place, folder = absolute(path), _forward(str(root)).rstrip("/") + "/"
    return place.removeprefix(folder) if place.startswith(folder) else None


def _forward(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path
