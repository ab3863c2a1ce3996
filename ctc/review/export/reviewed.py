"""The events of a store with what people say of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from sqlite3 import Connection

from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.records import ReviewEvent
from ctc.artifacts.review.store import ReviewStore
from ctc.review.export.consensus import Consensus, Given, Verdict, decide

_PAGE = 200


@dataclass(frozen=True, slots=True)
class ReviewedEvent:
    """An event, and the verdict on each label that was answered, None where there is none yet."""

    event: ReviewEvent
    verdicts: Mapping[str, Verdict | None] = field(default_factory=dict)

    @property
    def is_reviewed(self) -> bool:
        """Whether a label has classes from people."""
        return any(one and one.classes is not None for one in self.verdicts.values())


def reviewed_events(
    store: ReviewStore, rule: Consensus, *, only_reviewed: bool = False, with_gone: bool = False
) -> Iterator[ReviewedEvent]:
    """Yield the events in the order of the predictions.

    `with_gone`: also the reviewed ones that the predictions have no more, last; of events with the
    same id the first one.
    """
    seen: set[str] = set()
    for one in _all_events(store, rule, with_gone):
        is_wanted = one.is_reviewed or not (only_reviewed or one.event.is_gone)
        if is_wanted and one.event.id not in seen:
            seen.add(one.event.id)
            yield one


def _all_events(store: ReviewStore, rule: Consensus, with_gone: bool) -> Iterator[ReviewedEvent]:
    remaining = store.iter_events(with_gone=with_gone)
    while events := list(islice(remaining, _PAGE)):
        answered = [event.key for event in events if event.answers]
        with store.read() as connection:
            given = _read_given(connection, answered)
        for event in events:
            yield ReviewedEvent(event, decide(given[event.key], rule))


def _read_given(connection: Connection, keys: Sequence[str]) -> defaultdict[str, list[Given]]:
    marks = ", ".join("?" * len(keys))
    rows = connection.execute(
        "SELECT event, reviewer, role, made_at, answer FROM answers"
        f" WHERE event IN ({marks}) ORDER BY record",
        list(keys),
    )
    found: defaultdict[str, list[Given]] = defaultdict(list)
    for event, reviewer, role, made_at, answer in rows:
        found[event].append(Given(reviewer, role, made_at, Answer.from_json(answer)))
    return found


def meta_columns(store: ReviewStore) -> tuple[str, ...]:
    """Return the names of all further columns of the events, in the order of their first use."""
    with store.read() as connection:
        texts = connection.execute("SELECT DISTINCT meta FROM events ORDER BY number")
        return tuple(dict.fromkeys(name for (text,) in texts for name in json.loads(text)))


def decision_columns(store: ReviewStore) -> dict[str, tuple[str, ...]]:
    """Return, by label, the names of all columns of decisions that an event has."""
    with store.read() as connection:
        rows = connection.execute("SELECT DISTINCT label, columns FROM predictions")
        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for label, text in rows:
            found[label] |= dict.fromkeys(json.loads(text))
    return {label: tuple(names) for label, names in found.items()}


def has_boxes(store: ReviewStore) -> bool:
    """Return whether a photo has boxes: the predictions are those of a detector as well."""
    with store.read() as connection:
        return bool(
            connection.execute(
                "SELECT EXISTS (SELECT 1 FROM photos WHERE boxes IS NOT NULL)"
            ).fetchone()[0]
        )
