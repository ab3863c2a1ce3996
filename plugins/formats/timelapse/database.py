"""Timelapse's database of an image set, `TimelapseData.ddb`: an SQLite file.

`DataTable` has a row per file, with the columns of the CSV export; `TemplateTable` has the type of
each field. The file is opened read-only, and nothing is written beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ctc.errors import InputError, UsageError
from ctc.storage.remote_files import local_copy

SUFFIX = ".ddb"
MULTI_CHOICE = "MultiChoice"
_MAGIC = b"SQLite format 3\0"
_UNFINISHED = ("-journal", "-wal")
_ROWS = "SELECT * FROM DataTable ORDER BY RelativePath, DateTime, Id"


def is_database(path: Path) -> bool:
    """Return whether a path is a file with the suffix and the first bytes of a database."""
    if path.suffix.lower() != SUFFIX or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


@dataclass(frozen=True)
class DatabaseTable:
    """`DataTable`, with the parts of a CSV file.

    `columns`: name → index in a row. `types`: the type of each field in the template, such as
    "FixedChoice".
    """

    path: Path
    columns: Mapping[str, int]
    types: Mapping[str, str]
    has_header: bool = True

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of the row, cells) by folder and time, as Timelapse exports them."""
        with _connect(self.path) as database:
            for number, row in enumerate(database.execute(_ROWS), 1):
                yield number, ["" if cell is None else str(cell) for cell in row]


def open_database(path: Path) -> DatabaseTable:
    """Read the columns of a database.

    Raises CtcError if it is none of Timelapse, if it is damaged, or if a change is not finished.
    """
    for suffix in _UNFINISHED:
        unfinished = path.with_name(path.name + suffix)
        if unfinished.exists() and unfinished.stat().st_size:
            raise UsageError(
                f"'{path}' has unsaved changes in '{unfinished.name}': open and close the image set"
                " in Timelapse"
            )
    with _connect(path) as database:
        names = [name for name, *_ in database.execute(f"{_ROWS} LIMIT 0").description]
        types = database.execute("SELECT DataLabel, Type FROM TemplateTable").fetchall()
    return DatabaseTable(path, {name: at for at, name in enumerate(names)}, dict(types))


@contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    file = quote(local_copy(path).absolute().as_posix())
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
            yield database
    except sqlite3.Error as error:
        raise InputError(f"'{path}' can't be read as a database of Timelapse: {error}") from None
