"""Exclusive locks on open files, released when the file is closed or the process ends.

Not with the `filelock` package: its `FileLock` leaves a second file next to each locked one, and
its `lock_descriptor` locks the first byte on Windows, so that the journal could not be read any
more.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from ctc.errors import InputError

WINDOWS_LOCK_OFFSET = 2**31 - 2
"""Offset of the byte that is locked on Windows: the last one that msvcrt can lock.

On Windows a locked byte can't be read through another handle, so the lock is outside the data.
"""


def acquire_lock(file: IO[bytes], path: Path) -> None:
    """Lock the file; raises InputError, naming `path`, if another process has locked it."""
    if not try_lock(file):
        raise InputError(
            f"'{path}' is being written by another `ctc predict`: "
            "wait for it, or choose another --output"
        )


def try_lock(file: IO[bytes]) -> bool:
    """Lock the file and return True, or return False if another process has locked it.

    Also returns True where the file system has no locks, such as some network file systems.
    """
    try:
        _lock_exclusively(file)
    except (BlockingIOError, PermissionError):  # the second is what Windows says
        return False
    except OSError:
        return True
    return True


def _lock_exclusively(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        at = file.tell()
        file.seek(WINDOWS_LOCK_OFFSET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(at)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
