"""Predictions as a SQLite database.

answers (event, label, answer, confidence)   a row per event and label
photos (event, path, taken)                  the photos of each event
failures (path, reason)                      photos that could not be predicted
"""

import sqlite3
from contextlib import closing

from ctc.artifacts.predictions import Failure
from ctc.plugin import OutputFormat, hookimpl

TABLES = """
create table answers (event text, label text, answer text, confidence real);
create table photos (event text, path text, taken text);
create table failures (path text, reason text);
create table about (model text, created text);
"""
ROWS_PER_TRANSACTION = 1_000


@hookimpl
def ctc_output_formats():
    return [
        OutputFormat(
            "sqlite", "a database with answers, photos and failures", (".sqlite", ".db"), write
        )
    ]


def write(entries, path, context):
    """Write the entries one by one, a thousand per transaction."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(TABLES)
        database.execute(
            "insert into about values (?, ?)", (context.model, context.created.isoformat())
        )
        for number, entry in enumerate(entries, 1):
            if isinstance(entry, Failure):
                database.execute(
                    "insert into failures values (?, ?)", (text(entry.path), text(entry.reason))
                )
            else:
                write_event(database, entry)
            if number % ROWS_PER_TRANSACTION == 0:
                database.commit()
        database.commit()


def write_event(database, event):
    answers = [(text(event.id), label, *event.top(label)) for label in event.classes]
    database.executemany("insert into answers values (?, ?, ?, ?)", answers)
    photos = [(text(event.id), text(photo.path), photo.taken) for photo in event.images]
    database.executemany("insert into photos values (?, ?, ?)", photos)


def text(value):
    """Escape the bytes of a file name that are not Unicode, which SQLite can't store."""
    return value.encode(errors="backslashreplace").decode()
