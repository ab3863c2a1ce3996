"""Names of folders of storage devices and operating systems."""

from __future__ import annotations

import re

_JUNK = re.compile(
    r"(?i)@eaDir|@tmp|@Recycle|@Recently-Snapshot|#recycle|#snapshot|\$RECYCLE\.BIN|RECYCLED|RECYCLER"
    r"|System Volume Information|lost\+found|FOUND\.\d{3}|__MACOSX|Network Trash Folder"
)
"""Folders of thumbnails, deleted and recovered files."""


def is_junk_folder(name: str) -> bool:
    """Return whether a folder's name is one that storage devices use for what is not wanted."""
    return _JUNK.fullmatch(name) is not None
