"""Connections to the SQLite file of a review store, for several threads and processes.

WAL (https://sqlite.org/wal.html): readers never wait; writers wait for each other. With
`synchronous=FULL`, a commit is on disk before it returns.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctc.artifacts.review.database.errors import StoreError, translated_errors

BUSY_SECONDS = 60.0
"""How long a writer waits for others, such as a load of 100,000 events, before it gives up."""
_PRAGMAS = (
    *("synchronous=FULL", "fullfsync=ON", "foreign_keys=ON"),
    *("temp_store=MEMORY", "cache_size=-65536"),  # 64 MiB, for a load of 100,000 events
)


class ConnectionPool:
    """The connections of a process to one store; `read` and `write` may be called in any thread.

    `writable`: whether `write` may be called.
    """

    def __init__(self, path: Path, writable: bool = True) -> None:
        self.path, self.writable = path, writable
        self._idle: list[sqlite3.Connection] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._is_closed = False
        self._file: tuple[int, int] | None = None

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the store throughout."""
        with self._borrow() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the connection of the only writer; on disk when the block ends without an error."""
        if not self.writable:
            raise StoreError(f"'{self.path}' was opened to read it only")
        with self._writing, self._borrow() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                self._check_file()
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def close(self) -> None:
        """Close all connections; the last process that does so leaves one file."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _borrow(self) -> Iterator[sqlite3.Connection]:
        with translated_errors(self.path):
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._is_closed:
                raise StoreError(f"'{self.path}' is closed")
            if self._idle:
                return self._idle.pop()
            connection = connect(self.path, self.writable)
            self._file = self._file or _identity(self.path)
            return connection

    def _check_file(self) -> None:
        """Raise StoreError if the file was moved or deleted: what is written would be lost."""
        if _identity(self.path) != self._file:
            raise StoreError(
                f"'{self.path}' was moved, deleted or replaced since it was opened: "
                "put it back and answer again, or start again"
            )

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()


def connect(path: Path, writable: bool = True) -> sqlite3.Connection:
    """Open an existing file; transactions begin and end explicitly."""
    connection = sqlite3.connect(
        _uri(path, writable),
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from all others, None if it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _uri(path: Path, writable: bool) -> str:
    uri = path.absolute().as_uri()
    if writable:
        return f"{uri}?mode=rw"
    log = path.with_name(path.name + "-wal")
    # SQLite can't open a file in WAL mode read-only where it may not write beside it
    as_self = os.access in os.supports_effective_ids
    may_write = os.access(path.parent, os.W_OK, effective_ids=as_self)
    frozen = not may_write and not log.exists()
    return f"{uri}?mode=ro{'&immutable=1' if frozen else ''}"
