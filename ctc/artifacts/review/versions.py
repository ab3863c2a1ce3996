"""Checks before an answer: are its events known, and did someone else answer them meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from ctc.errors import CtcError, InputError, shorten


class ConflictError(CtcError):
    """Others answered events since the reviewer saw them; `others`: their names by key.

    `asked`: how many events the reviewer answered.
    """

    def __init__(self, others: Mapping[str, str], asked: int) -> None:
        names = " and ".join(sorted(set(others.values())))
        events = "this event" if asked == 1 else f"{len(others):,} of {asked:,} events"
        super().__init__(f"{names} answered {events} meanwhile: look again, then answer")
        self.others = dict(others)


def check_keys(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
    """Raise InputError if there are no keys, or one names no event."""
    if not keys:
        raise InputError("an answer names no event")
    for key in keys:
        found = connection.execute("SELECT 1 FROM events WHERE key = ?", (key,)).fetchone()
        if found is None:
            raise InputError(f"there is no event with the key '{shorten(key)}'")


def check_versions(
    connection: sqlite3.Connection, reviewer: str, versions: Mapping[str, int]
) -> None:
    """Raise ConflictError if someone else answered an event after its version was seen."""
    others = {}
    for key, version in versions.items():
        row = connection.execute(
            "SELECT reviewer FROM records JOIN actions ON actions.number = records.action"
            " WHERE event = ? AND records.number > ? AND reviewer <> ?"
            " ORDER BY records.number DESC LIMIT 1",
            (key, version, reviewer),
        ).fetchone()
        if row is not None:
            others[key] = row["reviewer"]
    if others:
        raise ConflictError(others, len(versions))
