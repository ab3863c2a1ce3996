"""A lock on an open file, which ends when the file is closed or the process does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from ctc.errors import InputError

WINDOWS_LOCK_OFFSET = 2**31 - 2
"""The byte that is locked there, where locked bytes can't be read through another handle: the last
one that msvcrt reaches."""


def acquire_lock(file: IO[bytes], path: Path) -> None:
    """As `try_lock`; raises InputError, naming `path`, when another command has the file."""
    if not try_lock(file):
        raise InputError(
            f"'{path}' is being written by another `ctc predict`: wait for it, or choose another --output"
        )


def try_lock(file: IO[bytes]) -> bool:
    """Whether the file is this process's alone now; it is taken to be where the file system has no
    locks, as some on networks."""
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
