"""Which events the audit draws next."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from ctc.artifacts.review.about import read_about
from ctc.artifacts.review.claims import Claim
from ctc.artifacts.review.labels import read_labels
from ctc.review.proof.strata import ALL_EVENTS, WAITS, is_blank_sql, quoted


class Draw(NamedTuple):
    """An event to answer. By `turn`, all claims get on alike: it is about how many events of the
    same claim are drawn before."""

    turn: float
    number: int
    key: str


START = (-1.0, -1)
"""Turn and number before the first."""


def next_draws(
    connection: sqlite3.Connection,
    claims: Sequence[Claim],
    limit: int,
    after: tuple[float, int] = START,
    skip: int = 0,
) -> list[Draw]:
    """Return the events without an answer that the audit draws next for the open claims.

    `after`: turn and number of the event before the first. `skip`: how many to leave out.
    """
    labels = {label.name: label for label in read_labels(connection)}
    since, found = read_about(connection).loaded_at, list[Draw]()
    for name, label in labels.items():
        opened = [one for one in claims if one.state == "open" and one.label == name]
        if not opened:
            continue
        rows = connection.execute(
            f"SELECT e.audit * {_weight(opened, is_blank_sql(label))} AS turn, e.number, e.key"
            f" {ALL_EVENTS} AND turn IS NOT NULL AND (turn, e.number) > (:turn, :number)"
            f" AND {WAITS} ORDER BY turn, e.number LIMIT :limit",
            {
                "label": name,
                "since": since,
                "turn": after[0],
                "number": after[1],
                "limit": skip + limit,
            },
        )
        found += [Draw(*row) for row in rows]
    first = {one.key: one for one in sorted(found, reverse=True)}
    return sorted(first.values())[skip : skip + limit]


def _weight(claims: Sequence[Claim], blank: str) -> str:
    """Return SQL for how many events belong to an event's claim, NULL for none that is open."""
    lost = next((one for one in claims if one.kind == "animals lost"), None)
    whens = [f"WHEN {blank} THEN {lost.events if lost else 'NULL'}"]
    whens += [
        f"WHEN p.answer = {quoted(one.name)} THEN {one.events}"
        for one in claims
        if one.kind == "precision"
    ]
    others = lost.others if lost and lost.to_draw else "NULL"
    return f"CASE {' '.join(whens)} ELSE {others} END"
