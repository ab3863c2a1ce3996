"""Errors of SQLite as one line: what is wrong with the store, and the next step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctc.errors import CtcError, reason

_PRIMARY = 0xFF
"""Mask of the primary result code, https://sqlite.org/rescode.html."""
_MESSAGES = {
    sqlite3.SQLITE_FULL: "can't be written, the disk is full: free some space and answer again;"
    " what was acknowledged before is kept",
    sqlite3.SQLITE_READONLY: "can't be written, it is read-only: change its permissions, or copy it"
    " to a folder that you may write",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: check its permissions and those of its folder, where"
    " two more files must be written beside it",
    sqlite3.SQLITE_PERM: "can't be opened: check its permissions",
    sqlite3.SQLITE_BUSY: "is locked by another program: close that and try again",
    sqlite3.SQLITE_LOCKED: "is locked by another program: close that and try again",
    sqlite3.SQLITE_PROTOCOL: "can't be locked, as on some network folders: keep it on a local disk",
    sqlite3.SQLITE_NOTADB: "is no review store: give a new name, or the file of an earlier"
    " `ctc review`",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore a copy, or save what is left with `sqlite3 FILE"
    " .recover`",
}
_WRITE_FAILED = (
    "can't be written to disk: check the disk, its free space and your quota, and answer again;"
    " what was acknowledged before is kept"
)


class StoreError(CtcError):
    """The file of the store can't be read or written: the disk, its rights, locks, or damage."""


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Raise StoreError, naming `path`, for an error that the file, the disk or others cause."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        message = _message(error)
        if message is None:
            raise
        raise StoreError(f"'{path}' {message}") from error


def _message(error: sqlite3.DatabaseError) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & _PRIMARY
    if primary == sqlite3.SQLITE_IOERR:
        is_reading = code in (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
        return f"can't be read: {reason(error)}" if is_reading else _WRITE_FAILED
    return _MESSAGES.get(primary)
