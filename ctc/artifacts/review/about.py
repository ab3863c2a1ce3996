"""Which predictions and photos a review store is about."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class StoreAbout:
    """Facts about a store, texts that are '' if not known.

    `made_by`: the program. `predictions`: the file that was loaded last, as it was given.
    `digest`: of its bytes (BLAKE2b, 16 bytes). `loaded_at`: when that file came first, UTC.
    `photo_root`: the folder or URL that the photos' paths start from. `photo_prefix`: the beginning
    of the paths which is left out, since the photos have moved; see `PhotoPlaces`. `embeddings`,
    `truth`: files of that load.
    """

    made_by: str = ""
    predictions: str = ""
    digest: str = ""
    loaded_at: str = ""
    photo_root: str = ""
    photo_prefix: str = ""
    embeddings: str = ""
    truth: str = ""


def read_about(connection: sqlite3.Connection) -> StoreAbout:
    """Return the facts of the table `about`."""
    known = dict(tuple(row) for row in connection.execute("SELECT name, value FROM about"))
    names = {field.name for field in fields(StoreAbout)}
    return StoreAbout(**{name: value for name, value in known.items() if name in names})


def write_about(connection: sqlite3.Connection, about: StoreAbout) -> None:
    """Write the facts into the table `about`."""
    connection.executemany(
        "INSERT OR REPLACE INTO about VALUES (?, ?)",
        [(field.name, getattr(about, field.name)) for field in fields(about)],
    )
