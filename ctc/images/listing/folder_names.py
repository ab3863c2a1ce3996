"""Names of folders that mean something: those of memory cards, and those of storage devices."""

from __future__ import annotations

import re

CARD_FOLDER = (
    r"(?i)(?:^|/)(?:DCIM(?:/[1-9]\d\d[A-Z0-9_]{5})?"
    r"|[1-9]\d\d(?:RECNX|EK\d{3}|_BTCF|MEDIA|MSDCF|CANON|NIKON|_PANA|OLYMP|_FUJI|GOPRO|STLTH|CUDDY))$"
)
"""Folders in which a camera numbers its photos, as the end of a path: of one card, one camera.

Below DCIM any name of the DCF standard (CIPA DC-009), elsewhere those of camera makers.
"""
_CARD_FOLDER = re.compile(CARD_FOLDER)
_JUNK = re.compile(
    r"(?i)@eaDir|@tmp|@Recycle|@Recently-Snapshot|#recycle|#snapshot|\$RECYCLE\.BIN|RECYCLED|RECYCLER"
    r"|System Volume Information|lost\+found|FOUND\.\d{3}|__MACOSX|Network Trash Folder"
)
"""Folders of storage devices and operating systems: thumbnails, deleted and recovered files."""


def camera_folder(folder: str) -> str:
    """Return the folder of a camera's photos, without the folders that it numbers itself.

    `north/DCIM/100RECNX` and `north/DCIM/101RECNX` are both `north`. Slashes are forward slashes.
    """
    return _CARD_FOLDER.sub("", folder.rstrip("/"))


def is_junk_folder(name: str) -> bool:
    """Return whether a folder's name is one that storage devices use for what is not wanted."""
    return _JUNK.fullmatch(name) is not None
