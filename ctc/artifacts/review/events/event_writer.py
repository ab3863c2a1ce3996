"""Loading of events into a review store, joined with those that it has."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ctc.artifacts.review.events.event_rows import write_photos, write_predictions
from ctc.artifacts.review.events.file_names import from_sql, to_sql
from ctc.artifacts.review.events.moved_photos import Move, find_move
from ctc.artifacts.review.records import ReviewEvent
from ctc.errors import InputError

BATCH = 1_000
"""Events that are written at a time."""
_DIGEST_BYTES = 12
_AUDIT_SCALE = 2.0**64


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of the events: how many there are now, are new, were there before under the same
    photos but another id or other paths (`rejoined`), and are gone with answers (`gone`).

    `answered`: events with answers of people, without those that are gone.
    """

    events: int
    new: int
    rejoined: int
    gone: int
    answered: int


def fingerprint(*texts: str) -> str:
    """Return 24 hex digits that differ between lists of texts."""
    data = json.dumps(texts).encode()
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def audit_number(key: str) -> float:
    """Return a number, 0 to 1, that is uniformly random between keys, and the same for one key."""
    data = hashlib.blake2b(b"audit " + key.encode(), digest_size=8).digest()
    return int.from_bytes(data) / _AUDIT_SCALE


def replace_events(
    connection: sqlite3.Connection,
    events: Iterable[ReviewEvent],
    on_progress: Callable[[int], None] | None,
) -> LoadResult:
    """Replace all events and what belongs to them; see `ReviewStore.replace_events`.

    Raises InputError if two events have the same id and photos.
    """
    connection.execute("UPDATE events SET is_gone = 1")
    connection.execute(
        "DELETE FROM photos WHERE event NOT IN"
        " (SELECT number FROM events WHERE key IN (SELECT event FROM records))"
    )
    connection.execute("DELETE FROM predictions")
    writer = _Writer(connection)
    remaining = iter(events)
    while batch := list(islice(remaining, BATCH)):
        writer.write(batch)
        if on_progress:
            on_progress(len(batch))
    return writer.finish()


_FACTS = (
    *("id", "position", "fingerprint", "photos_fingerprint", "names_fingerprint"),
    *("place", "time", "blank", "cluster", "meta", "is_gone"),
)
"""Columns of an event that its predictions determine."""
UPDATE_EVENT = f"UPDATE events SET {', '.join(f'{name} = ?' for name in _FACTS)} WHERE number = ?"
INSERT_EVENT = (
    f"INSERT INTO events ({', '.join(_FACTS)}, number, key, audit)"
    f" VALUES ({', '.join('?' * (len(_FACTS) + 3))})"
)
DELETE_PHOTOS = "DELETE FROM photos WHERE event = ?"


def event_facts(event: ReviewEvent, position: int) -> tuple[Any, ...]:
    """Return the values of an event that its predictions determine, its fingerprint the third."""
    paths = [_slashes(photo.path) for photo in event.photos]
    place = event.place.encode(errors="backslashreplace").decode()
    return (
        to_sql(event.id),
        position,
        fingerprint(event.id, *paths),
        fingerprint(*paths) if paths else "",
        fingerprint(event.id, *(path.rpartition("/")[2] for path in paths)),
        *(place, event.time, event.blank, event.cluster),
        json.dumps(dict(event.meta)),
        0,
    )


class _Writer:
    """Writes events in the order of the predictions, each under the number it had before."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT fingerprint, number, key FROM events").fetchall()
        self._known = {row["fingerprint"]: row["number"] for row in rows}
        self._keys = {row["key"] for row in rows}
        self._first_new = self._next = max(self._known.values(), default=0) + 1
        self._seen: set[str] = set()
        self._has_known = False
        self._new: dict[tuple[str, ...], int] = {}
        self._taken: set[int] = set()

    def write(self, events: Sequence[ReviewEvent]) -> None:
        """Write some events."""
        updates, inserts, numbers = list[tuple[Any, ...]](), list[tuple[Any, ...]](), list[int]()
        for event in events:
            facts = self._facts(event)
            number = self._known.get(facts[2])
            if number is None:
                number, self._next = self._next, self._next + 1
                key = self._new_key(facts[2])
                inserts.append((*facts, number, key, audit_number(key)))
                for trait in _traits(*facts[2:5], time=event.time):
                    self._new.setdefault(trait, number)
            else:
                updates.append((*facts, number))
                self._has_known = True
            numbers.append(number)
        self._connection.executemany(UPDATE_EVENT, updates)
        self._connection.executemany(DELETE_PHOTOS, [(row[-1],) for row in updates])
        self._connection.executemany(INSERT_EVENT, inserts)
        write_photos(self._connection, numbers, events)
        write_predictions(self._connection, numbers, events)

    def finish(self) -> LoadResult:
        """Join what is left by photos or names, and remove what is gone without answers."""
        connection = self._connection
        gone = connection.execute(
            "SELECT * FROM events WHERE is_gone AND key IN (SELECT event FROM records)"
        ).fetchall()
        move = self._find_move() if gone else None
        rejoined = sum(self._rejoin(old, move) for old in gone)
        connection.execute(
            "DELETE FROM events WHERE is_gone AND key NOT IN (SELECT event FROM records)"
        )
        left = _count(connection, "is_gone")
        new = self._next - self._first_new - rejoined
        answered = _count(connection, "is_gone = 0 AND state <> 'open'")
        return LoadResult(len(self._seen), new, rejoined, left, answered)

    def _facts(self, event: ReviewEvent) -> tuple[Any, ...]:
        facts = event_facts(event, len(self._seen))
        if facts[2] in self._seen:
            raise InputError(f"event '{event.id}' is there twice")
        self._seen.add(facts[2])
        return facts

    def _new_key(self, own: str) -> str:
        key = own
        while key in self._keys:  # that of an event that was rejoined with other photos
            key = fingerprint(key)
        self._keys.add(key)
        return key

    def _find_move(self) -> Move | None:
        """Return where the photos of answered events have moved, if no event is as it was."""
        if self._has_known:
            return None
        first = "SELECT path FROM photos WHERE n = 0 AND event {} ? ORDER BY event"
        old, new = (
            [
                _slashes(from_sql(path))
                for (path,) in self._connection.execute(first.format(side), (self._first_new,))
            ]
            for side in ("<", ">=")
        )
        return find_move(old, new)

    def _rejoin(self, old: sqlite3.Row, move: Move | None) -> bool:
        """Give an event that is gone the place of a new one with a trait of it, if there is one."""
        moved = "" if move is None else self._moved_fingerprint(old, move)
        prints = moved, old["photos_fingerprint"], old["names_fingerprint"]
        found = (self._new.get(trait) for trait in _traits(*prints, time=old["time"]))
        number = next((one for one in found if one is not None and one not in self._taken), None)
        if number is None:
            return False
        self._taken.add(number)
        self._take_place(old["number"], number)
        return True

    def _take_place(self, old: int, new: int) -> None:
        """Give an event the facts, photos and predictions of a new one, which is removed."""
        connection = self._connection
        row = connection.execute("SELECT * FROM events WHERE number = ?", (new,)).fetchone()
        connection.execute("DELETE FROM events WHERE number = ?", (new,))
        connection.execute(DELETE_PHOTOS, (old,))
        connection.execute(UPDATE_EVENT, (*(row[name] for name in _FACTS), old))
        for table in ("photos", "predictions"):
            connection.execute(f"UPDATE {table} SET event = ? WHERE event = ?", (old, new))

    def _moved_fingerprint(self, old: sqlite3.Row, move: Move) -> str:
        rows = self._connection.execute(
            "SELECT path FROM photos WHERE event = ? ORDER BY n", (old["number"],)
        )
        paths = [_slashes(from_sql(path)) for (path,) in rows]
        own = from_sql(old["id"])
        is_path = _slashes(own) in paths
        return fingerprint(
            move.apply(_slashes(own)) if is_path else own, *(move.apply(path) for path in paths)
        )


def _traits(own: str, photos: str, names: str, *, time: str) -> list[tuple[str, ...]]:
    """Return by what an event is known again, the surest first: its photos; or its time, if that
    is known, with its id and photos' names, or where they have moved (the fingerprint `own`)."""
    of_photos = [("photos", photos)] if photos else []
    return of_photos + ([("moved", own, time), ("names", names, time)] if time else [])


def _slashes(path: str) -> str:
    return path.replace("\\", "/")


def mark_missing(connection: sqlite3.Connection, missing: Collection[str]) -> None:
    """Mark the photos with these paths as missing, and all others as there."""
    connection.execute("CREATE TEMP TABLE missing (path TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.executemany(
        "INSERT OR IGNORE INTO missing VALUES (?)", [(to_sql(one),) for one in missing]
    )
    connection.execute("UPDATE photos SET is_missing = path IN (SELECT path FROM missing)")
    connection.execute("DROP TABLE missing")


def _count(connection: sqlite3.Connection, condition: str) -> int:
    query = f"SELECT count(*) FROM events WHERE {condition}"
    count: int = connection.execute(query).fetchone()[0]
    return count
