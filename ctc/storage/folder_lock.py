"""Locks of output folders and files, so that two processes never write the same one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ctc.errors import CtcError, InputError, reason
from ctc.storage.atomic import remove
from ctc.storage.file_lock import try_lock
from ctc.storage.paths import is_remote, path_beside

LOCK_FILE = ".lock"
"""Name of the file in the folder that is locked; a killed process leaves it, unlocked."""

_ATTEMPTS = 100
"""How often the folder is created before a file is believed to be in its way."""


@contextmanager
def lock_folder(folder: Path, command: str) -> Iterator[None]:
    """Hold the lock of an output folder in the block; the folder is created if it is missing.

    A folder that was created here and is empty at the end is removed again. Raises InputError,
    naming `command`, if another process holds the lock; CtcError if the folder can't be written.
    Remote folders have no lock.
    """
    with _hold(folder, folder / LOCK_FILE, command):
        yield


@contextmanager
def lock_output(output: Path, command: str) -> Iterator[None]:
    """Hold the lock of an output file in the block: a file `.NAME.lock` beside it.

    Its folder is treated as by `lock_folder`, which see for the errors.
    """
    with _hold(output, path_beside(output, f".{output.name}{LOCK_FILE}"), command):
        yield


@contextmanager
def _hold(output: Path, path: Path, command: str) -> Iterator[None]:
    """Hold the lock of `output`, the file `path`."""
    if is_remote(output):
        yield
        return
    folder = path.parent
    existed = folder.exists()
    try:
        file = _acquire(path)
    except OSError as error:
        raise CtcError(
            f"'{output}' can't be written: {reason(error)}; choose another --output"
        ) from None
    if file is None:
        raise InputError(
            f"'{output}' is being written by another `{command}`: "
            "wait for it, or choose another --output"
        )
    try:
        yield
    finally:
        _release(file, path)
        if not existed:
            with suppress(OSError):  # it is not empty, or another process has removed it
                folder.rmdir()


def _acquire(path: Path) -> IO[bytes] | None:
    """Return the locked file, None if another process has locked it."""
    while True:
        _create(path.parent)
        try:
            file = path.open("ab")
        except FileNotFoundError:
            continue  # its last owner has removed the folder meanwhile
        if not try_lock(file):
            file.close()
            return None
        if _is_current(file, path):
            return file
        file.close()  # its last owner has removed it meanwhile


def _create(folder: Path) -> None:
    """Create `folder` unless it exists, also while another process creates and removes it.

    `Path.mkdir` raises FileExistsError, whatever `exist_ok` says, if the folder is there when it
    wants to create it, and gone when it then looks whether it is a folder.
    """
    for _ in range(_ATTEMPTS):
        with suppress(FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            return
    folder.mkdir(parents=True, exist_ok=True)  # a file is in its way


def _is_current(file: IO[bytes], path: Path) -> bool:
    """Return whether `path` is still the file that was opened."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _release(file: IO[bytes], path: Path) -> None:
    if os.name == "posix":
        remove(path)  # while it is locked: who opens it later sees that it is another one
        file.close()
        return
    file.close()
    with suppress(PermissionError):  # another process on Windows has just opened it
        remove(path)
