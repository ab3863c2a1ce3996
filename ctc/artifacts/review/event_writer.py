"""Loading of events into a review store, joined with those that it has."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ctc.artifacts.boxes import detections_to_json
from ctc.artifacts.review.event_rows import FLOATS
from ctc.artifacts.review.file_names import to_sql
from ctc.artifacts.review.records import ReviewEvent, ReviewPrediction
from ctc.errors import InputError

BATCH = 1_000
"""Events that are written at a time."""
_DIGEST_BYTES = 12
_DIGITS = 6
"""Decimals of probabilities of guesses."""
_AUDIT_SCALE = 2.0**64
_encode = json.JSONEncoder(ensure_ascii=False).encode


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
_UPDATE = f"UPDATE events SET {', '.join(f'{name} = ?' for name in _FACTS)} WHERE number = ?"
_INSERT = (
    f"INSERT INTO events ({', '.join(_FACTS)}, number, key, audit)"
    f" VALUES ({', '.join('?' * (len(_FACTS) + 3))})"
)
_DELETE_PHOTOS = "DELETE FROM photos WHERE event = ?"


class _Writer:
    """Writes events in the order of the predictions, each under the number it had before."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT fingerprint, number, key FROM events").fetchall()
        self._known = {row["fingerprint"]: row["number"] for row in rows}
        self._keys = {row["key"] for row in rows}
        self._first_new = self._next = max(self._known.values(), default=0) + 1
        self._seen: set[str] = set()

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
            else:
                updates.append((*facts, number))
            numbers.append(number)
        self._connection.executemany(_UPDATE, updates)
        self._connection.executemany(_DELETE_PHOTOS, [(row[-1],) for row in updates])
        self._connection.executemany(_INSERT, inserts)
        _write_photos(self._connection, numbers, events)
        _write_predictions(self._connection, numbers, events)

    def finish(self) -> LoadResult:
        """Join what is left by photos or names, and remove what is gone without answers."""
        connection = self._connection
        rejoined = sum(
            self._rejoin(row)
            for row in connection.execute(
                "SELECT * FROM events WHERE is_gone AND key IN (SELECT event FROM records)"
            ).fetchall()
        )
        connection.execute(
            "DELETE FROM events WHERE is_gone AND key NOT IN (SELECT event FROM records)"
        )
        gone = _count(connection, "is_gone")
        new = self._next - self._first_new - rejoined
        answered = _count(connection, "is_gone = 0 AND state <> 'open'")
        return LoadResult(len(self._seen), new, rejoined, gone, answered)

    def _facts(self, event: ReviewEvent) -> tuple[Any, ...]:
        paths = [photo.path.replace("\\", "/") for photo in event.photos]
        own = fingerprint(event.id, *paths)
        if own in self._seen:
            raise InputError(f"event '{event.id}' is there twice")
        position = len(self._seen)
        self._seen.add(own)
        names = fingerprint(event.id, *(path.rpartition("/")[2] for path in paths))
        meta = json.dumps(dict(event.meta))
        place = event.place.encode(errors="backslashreplace").decode()
        facts = (place, event.time, event.blank, event.cluster, meta, 0)
        return (
            to_sql(event.id),
            position,
            own,
            fingerprint(*paths) if paths else "",
            names,
            *facts,
        )

    def _new_key(self, own: str) -> str:
        key = own
        while key in self._keys:  # that of an event that was rejoined with other photos
            key = fingerprint(key)
        self._keys.add(key)
        return key

    def _rejoin(self, old: sqlite3.Row) -> bool:
        """Give an event that is gone the place of a new one with the same photos or names."""
        new = self._connection.execute(
            "SELECT * FROM events WHERE number >= ? AND is_gone = 0"
            " AND (photos_fingerprint = ? AND photos_fingerprint <> '' OR names_fingerprint = ?)"
            " AND key NOT IN (SELECT event FROM records)"
            " ORDER BY photos_fingerprint <> ? LIMIT 1",
            (
                *(self._first_new, old["photos_fingerprint"], old["names_fingerprint"]),
                old["photos_fingerprint"],
            ),
        ).fetchone()
        if new is None:
            return False
        self._connection.execute("DELETE FROM events WHERE number = ?", (new["number"],))
        self._connection.execute(_DELETE_PHOTOS, (old["number"],))
        self._connection.execute(_UPDATE, (*(new[name] for name in _FACTS), old["number"]))
        for table in ("photos", "predictions"):
            self._connection.execute(
                f"UPDATE {table} SET event = ? WHERE event = ?", (old["number"], new["number"])
            )
        return True


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


def _write_photos(
    connection: sqlite3.Connection, numbers: Sequence[int], events: Sequence[ReviewEvent]
) -> None:
    connection.executemany(
        "INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                *(number, n, to_sql(photo.path), photo.taken),
                *(detections_to_json(photo.boxes), photo.is_missing),
            )
            for number, event in zip(numbers, events, strict=True)
            for n, photo in enumerate(event.photos)
        ],
    )


def _write_predictions(
    connection: sqlite3.Connection, numbers: Sequence[int], events: Sequence[ReviewEvent]
) -> None:
    connection.executemany(
        f"INSERT INTO predictions VALUES ({', '.join('?' * 12)})",
        [
            (number, label, *_prediction_row(prediction))
            for number, event in zip(numbers, events, strict=True)
            for label, prediction in event.predictions.items()
        ],
    )


def _prediction_row(one: ReviewPrediction) -> tuple[Any, ...]:
    guesses = {guess.name: round(guess.probability, _DIGITS) for guess in one.guesses}
    return (
        one.answer,
        one.confidence,
        _encode(guesses),
        None if one.present is None else _encode(one.present),
        np.asarray(one.probabilities, FLOATS).tobytes() if one.probabilities else None,
        _encode(dict(one.columns)),
        one.truth,
        one.doubt,
        one.label_error,
        one.worth,
    )
