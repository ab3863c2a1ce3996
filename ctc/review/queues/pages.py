"""Pages of a queue, each found by an index from where the last one ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ctc.review.queues.filters import EventFilter
from ctc.review.queues.queue import QUEUES, Queue

MAX_EVENTS = 500
"""Events of one page."""
MAX_GROUP = 5_000
"""Events of a look-alike group that are handled at once."""

Cursor = tuple[float, int]
"""Where a page ends: the value that the queue is ordered by, and the number of the event."""


@dataclass(frozen=True, slots=True)
class Page:
    """The keys of some events in order, and the cursor of the next page, None after the last."""

    keys: tuple[str, ...]
    next: Cursor | None


def read_page(
    connection: sqlite3.Connection,
    queue: Queue,
    chosen: EventFilter,
    after: Cursor | None = None,
    limit: int = 60,
    skip: int = 0,
) -> Page:
    """Return the events of a queue after a cursor, without the first `skip` of them."""
    chosen = _filter_of(queue, chosen)
    parameters = chosen.parameters() | {"limit": limit + 1, "skip": skip}
    more = ""
    if after is not None:
        sign = "<" if queue.descending else ">"
        more = f"({queue.value}, {queue.number}) {sign} (:value, :number)"
        parameters |= {"value": after[0], "number": after[1]}
    way = " DESC" if queue.descending else ""
    rows = connection.execute(
        f"SELECT e.key, {queue.value} AS value, {queue.number} AS number"
        f" {_source(queue, chosen)} WHERE {_conditions(queue, chosen, more)}"
        f" ORDER BY {queue.value}{way}, {queue.number}{way} LIMIT :limit OFFSET :skip",
        parameters,
    ).fetchall()
    last = rows[limit - 1] if len(rows) > limit else None
    end = None if last is None else (last["value"], last["number"])
    return Page(tuple(row["key"] for row in rows[:limit]), end)


def count_events(connection: sqlite3.Connection, queue: Queue, chosen: EventFilter) -> int:
    """Return how many events of a queue pass the filter."""
    chosen = _filter_of(queue, chosen)
    query = f"SELECT count(*) {_source(queue, chosen)} WHERE {_conditions(queue, chosen)}"
    count: int = connection.execute(query, chosen.parameters()).fetchone()[0]
    return count


def count_queues(connection: sqlite3.Connection, chosen: EventFilter) -> dict[str, int]:
    """Return how many events each queue has, without the queue of one class."""
    return {
        queue.name: count_events(connection, queue, chosen)
        for queue in QUEUES
        if queue.name != "class"
    }


def count_classes(connection: sqlite3.Connection, chosen: EventFilter) -> dict[str, int]:
    """Return how many events the model answers with each class, the most frequent first."""
    rows = connection.execute(
        "SELECT p.answer, count(*) AS events FROM predictions p CROSS JOIN events e"
        f" ON e.number = p.event WHERE p.label = :label AND {' AND '.join(chosen.conditions())}"
        " GROUP BY p.answer ORDER BY events DESC, p.answer",
        chosen.parameters(),
    )
    return dict(tuple(row) for row in rows)


def count_places(connection: sqlite3.Connection, limit: int = 2_000) -> dict[str, int]:
    """Return how many events there are by place, by name; at most `limit` places."""
    rows = connection.execute(
        "SELECT place, count(*) FROM events WHERE is_gone = 0 AND place <> ''"
        " GROUP BY place ORDER BY place LIMIT ?",
        [limit],
    )
    return dict(tuple(row) for row in rows)


def look_alike_keys(connection: sqlite3.Connection, key: str) -> list[str]:
    """Return the open events of the look-alike group of an event, and the event itself."""
    rows = connection.execute(
        "SELECT e.key FROM events e JOIN events one ON one.cluster = e.cluster"
        " WHERE one.key = :key AND e.is_gone = 0 AND (e.state = 'open' OR e.key = :key)"
        " ORDER BY e.number LIMIT :limit",
        {"key": key, "limit": MAX_GROUP},
    )
    return [row["key"] for row in rows]


def _filter_of(queue: Queue, chosen: EventFilter) -> EventFilter:
    """Return the filter with the state that the queue is about."""
    if queue.name == "second":
        return replace(chosen, state="")
    return replace(chosen, state=queue.state) if queue.state else chosen


def _source(queue: Queue, chosen: EventFilter) -> str:
    if queue.source == "predictions":  # CROSS JOIN: SQLite keeps this order of the tables
        if chosen.place:  # few events, found by their place and then sorted
            return "FROM events e CROSS JOIN predictions p ON p.event = e.number"
        return "FROM predictions p CROSS JOIN events e ON e.number = p.event"
    if chosen.needs_predictions:
        return "FROM events e JOIN predictions p ON p.event = e.number AND p.label = :label"
    return "FROM events e"


def _conditions(queue: Queue, chosen: EventFilter, *more: str) -> str:
    conditions: Sequence[str] = (
        "p.label = :label" if queue.source == "predictions" else "",
        queue.condition,
        *chosen.conditions(),
        "" if queue.name == "class" else chosen.class_condition(),
        *more,
    )
    return " AND ".join(f"({one})" for one in conditions if one)
