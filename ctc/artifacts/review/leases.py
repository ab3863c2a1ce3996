"""Leases: who looks at which event, so that two reviewers don't do the same work."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ctc.artifacts.review.clock import to_text
from ctc.artifacts.review.records import Lease

LEASE_SECONDS = 120.0
"""How long an event is kept for the reviewer who looks at it, unless they answer or ask again."""


def active_leases(connection: sqlite3.Connection, keys: Sequence[str], now: float) -> list[Lease]:
    """Return the leases of these events that have not expired."""
    marks = ", ".join("?" * len(keys))
    rows = connection.execute(
        f"SELECT * FROM leases WHERE event IN ({marks}) AND until > ?", [*keys, now]
    )
    return [Lease(row["event"], row["reviewer"], to_text(row["until"])) for row in rows]


def take_leases(
    connection: sqlite3.Connection, keys: Sequence[str], reviewer: str, now: float, seconds: float
) -> list[Lease]:
    """Lease the events to the reviewer, except those that others hold, which are returned."""
    connection.execute("DELETE FROM leases WHERE until <= ?", (now,))
    others = [one for one in active_leases(connection, keys, now) if one.reviewer != reviewer]
    taken = set(keys) - {one.event for one in others}
    connection.executemany(
        "INSERT OR REPLACE INTO leases VALUES (?, ?, ?)",
        [(key, reviewer, now + seconds) for key in sorted(taken)],
    )
    return others


def release_leases(connection: sqlite3.Connection, reviewer: str, keys: Sequence[str]) -> None:
    """End the reviewer's leases of these events."""
    connection.executemany(
        "DELETE FROM leases WHERE event = ? AND reviewer = ?", [(key, reviewer) for key in keys]
    )
