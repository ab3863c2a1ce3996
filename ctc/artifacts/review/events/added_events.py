"""Adding single events to a review store, as `ctc serve` does with those that people correct."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from ctc.artifacts.review.events.event_rows import write_photos, write_predictions
from ctc.artifacts.review.events.event_writer import (
    DELETE_PHOTOS,
    INSERT_EVENT,
    UPDATE_EVENT,
    audit_number,
    event_facts,
    fingerprint,
)
from ctc.artifacts.review.records import ReviewEvent


def add_events(
    connection: sqlite3.Connection, events: Sequence[ReviewEvent], predicted: Collection[str]
) -> list[str]:
    """Add the events that are not there, and return the keys of all; see `ReviewStore.add_events`.

    `predicted`: labels of which the probabilities of all classes are kept.
    """
    return [_add(connection, event, predicted) for event in events]


def _add(connection: sqlite3.Connection, event: ReviewEvent, predicted: Collection[str]) -> str:
    (last,) = connection.execute("SELECT max(position) FROM events WHERE is_gone = 0").fetchone()
    facts = event_facts(event, 0 if last is None else last + 1)
    known = _find(connection, *facts[2:4])
    if known is None:
        key, number = _new_key(connection, facts[2]), _next_number(connection)
        connection.execute(INSERT_EVENT, (*facts, number, key, audit_number(key)))
    else:
        key, number = str(known["key"]), known["number"]
        if not known["is_gone"]:
            return key
        connection.execute(UPDATE_EVENT, (*facts, number))
        connection.execute(DELETE_PHOTOS, (number,))
    kept = {
        label: one if label in predicted else replace(one, probabilities=())
        for label, one in event.predictions.items()
    }
    write_photos(connection, [number], [event])
    write_predictions(connection, [number], [replace(event, predictions=kept)])
    return key


def _find(connection: sqlite3.Connection, own: str, photos: str) -> sqlite3.Row | None:
    """Return the event with these fingerprints, of id and photos, or of photos alone."""
    query = "SELECT key, number, is_gone FROM events WHERE {} = ? ORDER BY is_gone LIMIT 1"
    row: sqlite3.Row | None = connection.execute(query.format("fingerprint"), (own,)).fetchone()
    if row is None and photos:
        row = connection.execute(query.format("photos_fingerprint"), (photos,)).fetchone()
    return row


def _new_key(connection: sqlite3.Connection, own: str) -> str:
    key = own
    while connection.execute("SELECT 1 FROM events WHERE key = ?", (key,)).fetchone():
        key = fingerprint(key)
    return key


def _next_number(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute("SELECT max(number) FROM events").fetchone()
    return (last or 0) + 1
