"""Events of a review store as rows of its tables, and back."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ctc.artifacts.boxes import detections_from_json, detections_to_json
from ctc.artifacts.predictions import DECISION_COLUMNS, ColumnValue
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.events.file_names import from_sql, to_sql
from ctc.artifacts.review.leases import active_leases
from ctc.artifacts.review.records import (
    Guess,
    Lease,
    ReviewEvent,
    ReviewPhoto,
    ReviewPrediction,
)

FLOATS = np.dtype("<f4")
"""How the probabilities of an event and label are stored."""
_DIGITS = 6
"""Decimals of probabilities of guesses."""
_encode = json.JSONEncoder(ensure_ascii=False).encode
MAX_KEYS = 500
"""Keys per statement; SQLite before 3.32 allows 999 values in one."""


def read_events(
    connection: sqlite3.Connection, keys: Sequence[str], now: float
) -> list[ReviewEvent]:
    """Return the events of these keys, in their order; keys that are not known are left out."""
    found: dict[str, ReviewEvent] = {}
    for start in range(0, len(keys), MAX_KEYS):
        for event in _read_some(connection, keys[start : start + MAX_KEYS], now):
            found[event.key] = event
    return [found[key] for key in keys if key in found]


def _read_some(
    connection: sqlite3.Connection, keys: Sequence[str], now: float
) -> list[ReviewEvent]:
    rows = _select(connection, "SELECT * FROM events WHERE key IN", keys)
    numbers = [row["number"] for row in rows]
    photos, predictions = _photos(connection, numbers), _predictions(connection, numbers)
    answers = _answers(connection, keys)
    leases = {lease.event: lease for lease in active_leases(connection, keys, now)}
    return [
        _event(
            row,
            tuple(photos[row["number"]]),
            predictions[row["number"]],
            answers[row["key"]],
            leases.get(row["key"]),
        )
        for row in rows
    ]


def _event(
    row: sqlite3.Row,
    photos: tuple[ReviewPhoto, ...],
    predictions: dict[str, ReviewPrediction],
    answers: dict[str, Answer],
    lease: Lease | None,
) -> ReviewEvent:
    return ReviewEvent(
        key=row["key"],
        id=from_sql(row["id"]),
        position=row["position"],
        photos=photos,
        place=row["place"],
        time=row["time"],
        predictions=predictions,
        blank=row["blank"],
        cluster=row["cluster"],
        meta=json.loads(row["meta"]),
        answers=answers,
        answer=None if row["answer"] is None else Answer.from_json(row["answer"]),
        state=row["state"],
        version=row["version"],
        is_gone=bool(row["is_gone"]),
        lease=lease,
    )


def _photos(
    connection: sqlite3.Connection, numbers: Sequence[int]
) -> defaultdict[int, list[ReviewPhoto]]:
    found: defaultdict[int, list[ReviewPhoto]] = defaultdict(list)
    for row in _select(connection, "SELECT * FROM photos WHERE event IN", numbers, "event, n"):
        found[row["event"]].append(photo_from_row(row))
    return found


def photo_from_row(row: sqlite3.Row) -> ReviewPhoto:
    """Return the photo of a row of `photos`."""
    boxes = detections_from_json(row["boxes"])
    path = from_sql(row["path"])
    return ReviewPhoto(path, row["taken"], boxes, bool(row["is_missing"]))


def _predictions(
    connection: sqlite3.Connection, numbers: Sequence[int]
) -> defaultdict[int, dict[str, ReviewPrediction]]:
    found: defaultdict[int, dict[str, ReviewPrediction]] = defaultdict(dict)
    for row in _select(connection, "SELECT * FROM predictions WHERE event IN", numbers):
        found[row["event"]][row["label"]] = _prediction(row)
    return found


def _prediction(row: sqlite3.Row) -> ReviewPrediction:
    present, probabilities = row["present"], row["probabilities"]
    return ReviewPrediction(
        answer=row["answer"],
        confidence=row["confidence"],
        guesses=tuple(Guess(*pair) for pair in json.loads(row["guesses"]).items()),
        present=None if present is None else tuple(json.loads(present)),
        probabilities=()
        if probabilities is None
        else tuple(np.frombuffer(probabilities, FLOATS).tolist()),
        columns={name: _column(name, value) for name, value in json.loads(row["columns"]).items()},
        truth=row["truth"],
        doubt=row["doubt"],
        label_error=row["label_error"],
        worth=row["worth"],
    )


def _column(name: str, value: Any) -> ColumnValue:
    return tuple(value) if DECISION_COLUMNS.get(name) is tuple and value is not None else value


def _answers(
    connection: sqlite3.Connection, keys: Sequence[str]
) -> defaultdict[str, dict[str, Answer]]:
    found: defaultdict[str, dict[str, Answer]] = defaultdict(dict)
    for row in _select(connection, "SELECT * FROM answers WHERE event IN", keys, "record"):
        found[row["event"]][row["reviewer"]] = Answer.from_json(row["answer"])
    return found


def _select(
    connection: sqlite3.Connection, start: str, values: Sequence[Any], order: str = ""
) -> list[sqlite3.Row]:
    marks = ", ".join("?" * len(values))
    end = f" ORDER BY {order}" if order else ""
    return connection.execute(f"{start} ({marks}){end}", list(values)).fetchall()


def write_photos(
    connection: sqlite3.Connection, numbers: Sequence[int], events: Sequence[ReviewEvent]
) -> None:
    """Add the photos of events, which have these numbers."""
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


def write_predictions(
    connection: sqlite3.Connection, numbers: Sequence[int], events: Sequence[ReviewEvent]
) -> None:
    """Add the predictions of events, which have these numbers."""
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
