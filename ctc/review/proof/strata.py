"""Reading of a season's events from a store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ctc.artifacts.observation_types import observation_type
from ctc.artifacts.review.about import read_about
from ctc.artifacts.review.labels import read_labels
from ctc.artifacts.review.records import ReviewLabel
from ctc.review.proof.season import Drawn, Group, Season

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
"""Probabilities from which a claim is tested if it is not shown for all events; they are fixed, so
that each has its part of the error."""

_POPULATION = """
    p.label = :label AND e.is_gone = 0 AND (e.version = 0 OR e.key NOT IN (
        SELECT r.event FROM records r JOIN actions a ON a.number = r.action
        WHERE a.made_at < :since
    ))
"""
"""The events that nobody had answered when the predictions came: the model may have learnt from
answers before, and would look better than it is."""
ALL_EVENTS = f"FROM predictions p CROSS JOIN events e ON e.number = p.event WHERE {_POPULATION}"
_ANSWERED = (
    "FROM events e CROSS JOIN predictions p ON p.event = e.number"
    f" WHERE e.state IN ('answered', 'unsure') AND {_POPULATION}"
)
"""The same events, by the order of tables that is fast for few of them."""
WAITS = """
    (e.answer IS NULL
    OR NOT EXISTS (SELECT 1 FROM json_each(e.answer) AS one WHERE one.key = :label))
"""
"""Whether an event has no answer of this label that counts."""
_IS_DROPPED = "instr(p.columns, '\"dropped\": true') > 0"


def read_seasons(connection: sqlite3.Connection) -> Iterator[Season]:
    """Yield the events of each label that the model answers with one class."""
    since = read_about(connection).loaded_at
    for label in read_labels(connection):
        if label.predicted and not label.multi_label:
            yield _read_season(connection, label, since)


def is_blank_sql(label: ReviewLabel) -> str:
    """Return SQL for whether the model calls an event empty, or dropped it."""
    names = dict.fromkeys((*label.predicted, *label.classes))
    blanks = ", ".join(quoted(one) for one in names if observation_type(one) == "blank")
    return f"(p.answer IN ({blanks}) OR {_IS_DROPPED})" if blanks else _IS_DROPPED


def _read_season(connection: sqlite3.Connection, label: ReviewLabel, since: str) -> Season:
    values = {"label": label.name, "since": since}
    groups = connection.execute(
        f"WITH season AS MATERIALIZED ({_columns(label)} {ALL_EVENTS})"
        f" SELECT answer, blank, {_LEVEL} AS level, count(*), min(CASE WHEN waits THEN audit END)"
        " FROM season GROUP BY answer, blank, level",
        values,
    )
    found = tuple(
        Group(answer, bool(blank), level, events, np.inf if first is None else first)
        for answer, blank, level, events, first in groups
    )
    rows = connection.execute(
        f"SELECT audit, answer, blank, {_LEVEL}, given"
        f" FROM ({_columns(label)} {_ANSWERED} AND NOT {WAITS})"
        " ORDER BY audit, number",
        values,
    )
    return Season(label.name, label.predicted, found, tuple(_drawn(rows, label.name)))


_LEVEL = " + ".join(f"(score >= {threshold})" for threshold in THRESHOLDS)


def _columns(label: ReviewLabel) -> str:
    """Return SQL that selects facts of events; `score`: the probability of the model's answer."""
    blank = is_blank_sql(label)
    return (
        f"SELECT p.answer, {blank} AS blank, {WAITS} AS waits, e.audit, e.number,"
        f" CASE WHEN {blank} THEN coalesce(e.blank, p.confidence) ELSE p.confidence END AS score,"
        f" e.answer AS given"
    )


def _drawn(rows: Iterable[Sequence[Any]], label: str) -> Iterator[Drawn]:
    for audit, answer, blank, level, text in rows:
        names = json.loads(text)[label]
        given = None if names is None else tuple(names)
        yield Drawn(audit, answer, bool(blank), level, given)


def quoted(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"
