"""A lock on an open file, which ends when the file is closed or the process does."""

from __future__ import annotations

import sys
from typing import IO

WINDOWS_BYTE = 2**31 - 2
"""The byte that is locked there, where locked bytes can't be read through another handle: the last one that msvcrt reaches."""


def lock(file: IO[bytes]) -> bool:
    """Whether the file is this process's alone now; it is taken to be where the file system has no locks, as some on networks."""
    try:
        _take(file)
    except (BlockingIOError, PermissionError):  # the second is what Windows says
        return False
    except OSError:
        return True
    return True


def _take(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        at = file.tell()
        file.seek(WINDOWS_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(at)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
