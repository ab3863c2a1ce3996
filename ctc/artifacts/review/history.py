"""Answers, undo and redo of a reviewer, which are rows that are only ever added.

Each action knows what its reviewer can undo and redo after it (`undo_top`, `redo_top`), and what
lies below itself on the one of these stacks that it is on (`below`): an answer or redo on that of
undo, an undo on that of redo. So undo has no end, and takes one look-up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ActionKind, AnswerRecord, Reviewer
from ctc.artifacts.review.state import Given, settle

AnswerText = str | None
"""An answer in JSON, None for no answer."""

RECORDS = """
SELECT records.number, action, event, reviewer, role, made_at, kind, refers_to, before, after
FROM records JOIN actions ON actions.number = records.action
"""


class Stacks(NamedTuple):
    """The actions that a reviewer undoes and redoes next, None if there are none."""

    undo_top: int | None = None
    redo_top: int | None = None


class _Action(NamedTuple):
    """An action to be written; see the module's docstring."""

    kind: ActionKind
    refers_to: int | None
    below: int | None
    stacks: Stacks
    """After the action, where `OWN` stands for its own number."""


OWN = -1


def read_stacks(connection: sqlite3.Connection, reviewer: str) -> Stacks:
    """Return what the reviewer can undo and redo."""
    row = connection.execute(
        "SELECT undo_top, redo_top FROM actions WHERE reviewer = ? ORDER BY number DESC LIMIT 1",
        (reviewer,),
    ).fetchone()
    return Stacks() if row is None else Stacks(*row)


def write_answer(
    connection: sqlite3.Connection,
    reviewer: Reviewer,
    after: Mapping[str, str],
    now: str,
    request: str | None,
) -> list[AnswerRecord]:
    """Add an answer to each event of `after`, all as one action."""
    stacks = read_stacks(connection, reviewer.name)
    action = _Action("answer", None, stacks.undo_top, Stacks(OWN, None))
    return _write(connection, reviewer, action, dict(after), now, request)


def write_undo(
    connection: sqlite3.Connection, reviewer: Reviewer, now: str, request: str | None
) -> list[AnswerRecord]:
    """Take back the reviewer's last answer or redo; return no record if there is none."""
    return _take_back(connection, reviewer, "undo", now, request)


def write_redo(
    connection: sqlite3.Connection, reviewer: Reviewer, now: str, request: str | None
) -> list[AnswerRecord]:
    """Take back the reviewer's last undo; return no record if there is none since the answer."""
    return _take_back(connection, reviewer, "redo", now, request)


def _take_back(
    connection: sqlite3.Connection,
    reviewer: Reviewer,
    kind: Literal["undo", "redo"],
    now: str,
    request: str | None,
) -> list[AnswerRecord]:
    """Take back the action on top of one stack, which puts the new one on top of the other."""
    undo_top, redo_top = read_stacks(connection, reviewer.name)
    top, other = (undo_top, redo_top) if kind == "undo" else (redo_top, undo_top)
    if top is None:
        return []
    below = _below(connection, top)
    stacks = Stacks(below, OWN) if kind == "undo" else Stacks(OWN, below)
    after = _column(connection, top, "before")
    return _write(connection, reviewer, _Action(kind, top, other, stacks), after, now, request)


def answer_texts(
    connection: sqlite3.Connection,
    reviewer: str,
    keys: Sequence[str],
    answer: Answer,
    merge: bool,
) -> dict[str, str]:
    """Return the answer of each event in JSON, merged into the reviewer's own if asked."""
    text = answer.to_json()
    if not merge:
        return dict.fromkeys(keys, text)
    texts = {}
    for key in keys:
        own = _own_answer(connection, key, reviewer)
        before = {} if own is None else dict(Answer.from_json(own).labels)
        texts[key] = Answer({**before, **answer.labels}).to_json()
    return texts


def _own_answer(connection: sqlite3.Connection, event: str, reviewer: str) -> AnswerText:
    row = connection.execute(
        "SELECT answer FROM answers WHERE event = ? AND reviewer = ?", (event, reviewer)
    ).fetchone()
    return None if row is None else str(row["answer"])


def find_request(
    connection: sqlite3.Connection, reviewer: str, request: str | None
) -> list[AnswerRecord] | None:
    """Return the records of a request that was acknowledged before, None if it was not."""
    if request is None:
        return None
    row = connection.execute(
        "SELECT number FROM actions WHERE reviewer = ? AND request = ?", (reviewer, request)
    ).fetchone()
    return None if row is None else read_records(connection, "action = ?", [row["number"]])


def read_records(
    connection: sqlite3.Connection, condition: str, values: Sequence[object]
) -> list[AnswerRecord]:
    """Return the records that meet an SQL condition, in the order of their numbers."""
    rows = connection.execute(f"{RECORDS} WHERE {condition} ORDER BY records.number", values)
    return [record_from_row(row) for row in rows]


def record_from_row(row: sqlite3.Row) -> AnswerRecord:
    """Return the record of a row of `RECORDS`."""
    facts = {name: row[name] for name in row.keys()}  # noqa: SIM118
    return AnswerRecord(**facts | {name: _parse(row[name]) for name in ("before", "after")})


def _parse(text: AnswerText) -> Answer | None:
    return None if text is None else Answer.from_json(text)


def _below(connection: sqlite3.Connection, action: int) -> int | None:
    row = connection.execute("SELECT below FROM actions WHERE number = ?", (action,)).fetchone()
    below: int | None = row["below"]
    return below


def _column(connection: sqlite3.Connection, action: int, column: str) -> dict[str, AnswerText]:
    rows = connection.execute(
        f"SELECT event, {column} FROM records WHERE action = ? ORDER BY number", (action,)
    )
    return dict(tuple(row) for row in rows)


def _write(
    connection: sqlite3.Connection,
    reviewer: Reviewer,
    action: _Action,
    after: Mapping[str, AnswerText],
    now: str,
    request: str | None,
) -> list[AnswerRecord]:
    number = _write_action(connection, reviewer, action, now, request)
    for event, text in after.items():
        _write_record(connection, reviewer, number, event, text, now)
    return read_records(connection, "action = ?", [number])


def _write_action(
    connection: sqlite3.Connection,
    reviewer: Reviewer,
    action: _Action,
    now: str,
    request: str | None,
) -> int:
    last = connection.execute("SELECT max(number) FROM actions").fetchone()[0] or 0
    number = last + 1
    tops = [number if top == OWN else top for top in action.stacks]
    connection.execute(
        "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(number, reviewer.name, reviewer.role, now),
            *(action.kind, action.refers_to, action.below, *tops, request),
        ),
    )
    return number


def _write_record(
    connection: sqlite3.Connection,
    reviewer: Reviewer,
    action: int,
    event: str,
    after: AnswerText,
    now: str,
) -> None:
    before = _own_answer(connection, event, reviewer.name)
    record = connection.execute(
        "INSERT INTO records (action, event, before, after) VALUES (?, ?, ?, ?)",
        (action, event, before, after),
    ).lastrowid
    if after is None:
        connection.execute(
            "DELETE FROM answers WHERE event = ? AND reviewer = ?", (event, reviewer.name)
        )
    else:
        connection.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            (event, reviewer.name, reviewer.role, record, now, after),
        )
    update_state(connection, event, record, now)


def update_state(
    connection: sqlite3.Connection, event: str, version: int | None, now: str | None
) -> None:
    """Set state, answer and version of an event, as they follow from its answers."""
    rows = connection.execute(
        "SELECT role, answer FROM answers WHERE event = ? ORDER BY record", (event,)
    )
    state, answer = settle([Given(role, Answer.from_json(text)) for role, text in rows])
    connection.execute(
        "UPDATE events SET state = ?, answer = ?, version = ?, answered_at = ? WHERE key = ?",
        (state, None if answer is None else answer.to_json(), version, now, event),
    )
