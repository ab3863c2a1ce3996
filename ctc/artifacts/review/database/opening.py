"""Creating a review store, and checking one before it is used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ctc._version import __version__
from ctc.artifacts.review.database.connection import connect
from ctc.artifacts.review.database.errors import translated_errors
from ctc.artifacts.review.database.schema import APPLICATION_ID, FORMAT_VERSION, SCHEMA
from ctc.errors import InputError, UsageError, reason
from ctc.storage.atomic import temp_path
from ctc.storage.paths import is_remote

MIGRATIONS: Sequence[str] = ()
"""SQL that brings a store from format version 1 to 2, from 2 to 3, …"""


def create(path: Path) -> None:
    """Create an empty store if there is no file; raises CtcError if it can't be written."""
    check_is_local(path)
    if path.exists():
        return
    partial = temp_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with translated_errors(path):
            partial.touch(exist_ok=False)
            _create_tables(partial)
        _put_in_place(partial, path)
    except OSError as error:
        raise UsageError(f"'{path}' can't be written: {reason(error)}") from None
    finally:
        if partial.exists():
            partial.unlink()


def _create_tables(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in split_statements(SCHEMA):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
        connection.execute("INSERT INTO about VALUES ('made_by', ?)", (f"ctc {__version__}",))
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")


def _put_in_place(partial: Path, path: Path) -> None:
    """Give the file its name, unless another process made a store there meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            partial.rename(path)


def check(path: Path, writable: bool, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Check that the file is a store, and bring an older one to this version's format.

    Raises CtcError if it is none, is of a newer version, or is older and may not be written.
    """
    check_is_local(path)
    if not path.is_file():
        raise UsageError(
            f"review store '{path}' does not exist: "
            "make one with `ctc review PREDICTIONS --store FILE`"
        )
    with translated_errors(path), closing(connect(path, writable)) as connection:
        _check_version(connection, path, writable, migrations)


def _check_version(
    connection: sqlite3.Connection, path: Path, writable: bool, migrations: Sequence[str]
) -> None:
    current = FORMAT_VERSION + len(migrations) - len(MIGRATIONS)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise InputError(
            f"'{path}' is no review store: give a new name, or the file of an earlier `ctc review`"
        )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > current:
        raise InputError(
            f"'{path}' has the format version {version}, this ctc knows up to {current}:"
            " install a newer ctc"
        )
    if version < current and not writable:
        raise InputError(f"'{path}' is of an older ctc: open it once with `ctc review`")
    if version < current:
        _migrate(connection, current, migrations)


def _migrate(connection: sqlite3.Connection, current: int, migrations: Sequence[str]) -> None:
    """Bring the store to the version `current`, all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for script in migrations[version - 1 :]:
        for statement in split_statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={current}")
    connection.commit()


def split_statements(script: str) -> list[str]:
    """Return the statements of a script, which `executescript` would not run as one transaction."""
    statements, pending = list[str](), ""
    for part in script.split(";"):
        pending += part + ";"
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return [statement for statement in statements if statement != ";"]


def check_is_local(path: Path) -> None:
    """Raise UsageError for a URL."""
    if is_remote(path):
        raise UsageError(f"'{path}' is a URL: a review store must be on a local disk")
