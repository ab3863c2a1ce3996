"""The review store: one SQLite file that several people, threads and processes use at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from sqlite3 import Connection
from types import TracebackType
from typing import Self

from ctc.artifacts.review import history, labels, leases, reviewers
from ctc.artifacts.review.about import StoreAbout, read_about, write_about
from ctc.artifacts.review.answer import Answer
from ctc.artifacts.review.clock import to_text
from ctc.artifacts.review.database.connection import ConnectionPool
from ctc.artifacts.review.database.opening import check, create
from ctc.artifacts.review.events.added_events import add_events
from ctc.artifacts.review.events.event_rows import photo_from_row, read_events
from ctc.artifacts.review.events.event_writer import LoadResult, mark_missing, replace_events
from ctc.artifacts.review.events.file_names import from_sql
from ctc.artifacts.review.events.photo_places import PhotoPlaces
from ctc.artifacts.review.records import (
    AnswerRecord,
    EventState,
    Lease,
    Reviewer,
    ReviewEvent,
    ReviewLabel,
    ReviewPhoto,
    Role,
)
from ctc.artifacts.review.versions import check_keys, check_versions

PAGE = 200
"""Events that `iter_events` reads at a time."""


class ReviewStore:
    """A review store. All methods may be called in any thread.

    Methods that change something return when it is on disk, and change all or nothing. All raise
    StoreError if the file can't be read or written.
    """

    def __init__(self, pool: ConnectionPool, clock: Callable[[], float] = time.time) -> None:
        self._pool, self._clock = pool, clock

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        make: bool = False,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open a store, and bring an older one up to date.

        `make`: make one if the file does not exist. `clock` returns the Unix time. Raises CtcError
        if there is no store, it is of a newer version, is damaged, or may not be written.
        """
        if make and not read_only:
            create(path)
        check(path, not read_only)
        return cls(ConnectionPool(path, not read_only), clock)

    def close(self) -> None:
        """Close the file."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._pool.path

    def read(self) -> AbstractContextManager[Connection]:
        """Return a context with a connection for queries, which sees one state throughout.

        The tables are described in `database.schema`; rows are `sqlite3.Row`.
        """
        return self._pool.read()

    # what was loaded

    def about(self) -> StoreAbout:
        """Return which predictions and photos the store is about."""
        with self._pool.read() as connection:
            return read_about(connection)

    def set_about(self, about: StoreAbout) -> None:
        """Change which predictions and photos the store is about."""
        with self._pool.write() as connection:
            write_about(connection, about)

    def labels(self) -> tuple[ReviewLabel, ...]:
        """Return what people answer, in order."""
        with self._pool.read() as connection:
            return labels.read_labels(connection)

    def set_labels(self, given: Sequence[ReviewLabel]) -> None:
        """Set what people answer; see `labels.write_labels` for what becomes of those before."""
        with self._pool.write() as connection:
            labels.write_labels(connection, given)

    def add_class(self, label: str, name: str) -> None:
        """Add a class to a label; raises InputError if there is no such label, or no name."""
        with self._pool.write() as connection:
            labels.add_class(connection, label, name)

    def replace_events(
        self,
        events: Iterable[ReviewEvent],
        given: Sequence[ReviewLabel] | None = None,
        about: StoreAbout | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> LoadResult:
        """Replace all events, the labels and the facts about the store, those that are given.

        People's answers stay with the events of the same id and photos; events that are gone and
        have answers are kept with their photos, marked so. Of an event are read: `id`, `photos`,
        `place`, `time`, `predictions`, `blank`, `cluster` and `meta`; its key may be ''. `given`:
        see `labels.write_labels`. `on_progress` gets the number of events since the last call.
        """
        with self._pool.write() as connection:
            if given is not None:
                labels.write_labels(connection, given)
            if about is not None:
                write_about(connection, about)
            return replace_events(connection, events, on_progress)

    def add_events(self, events: Sequence[ReviewEvent], given: Sequence[ReviewLabel]) -> list[str]:
        """Add the events, labels and classes that are not there, and return the events' keys.

        An event with the same photos is taken for the same, and stays as it is. Of an event are
        read the same facts as by `replace_events`. Raises InputError for what is no name of a
        class.
        """
        with self._pool.write() as connection:
            predicted = labels.add_labels(connection, given)
            return add_events(connection, events, predicted)

    def photo_paths(self) -> list[str]:
        """Return the paths of all photos, as in the predictions."""
        with self._pool.read() as connection:
            rows = connection.execute("SELECT DISTINCT path FROM photos ORDER BY event, n")
            return [from_sql(row["path"]) for row in rows]

    def set_places(self, about: StoreAbout, missing: Collection[str]) -> None:
        """Change where photos are; those with the paths `missing` are marked, others are there."""
        with self._pool.write() as connection:
            write_about(connection, about)
            mark_missing(connection, missing)

    # events

    def events(self, keys: Sequence[str]) -> list[ReviewEvent]:
        """Return the events of these keys, in their order; unknown keys are left out."""
        with self._pool.read() as connection:
            return read_events(connection, keys, self._clock())

    def event(self, key: str) -> ReviewEvent | None:
        """Return the event of a key, None if there is none."""
        return next(iter(self.events([key])), None)

    def iter_events(
        self, states: Sequence[EventState] = (), with_gone: bool = False
    ) -> Iterator[ReviewEvent]:
        """Yield all events in the order of the predictions, or those of some states.

        `with_gone`: also those that the predictions have no more, last.
        """
        after = (-1, -1)
        while keys := self._keys_after(after, states, with_gone):
            yield from self.events([key for key, _ in keys])
            after = keys[-1][1]

    def _keys_after(
        self, after: tuple[int, int], states: Sequence[EventState], with_gone: bool
    ) -> list[tuple[str, tuple[int, int]]]:
        marks = ", ".join("?" * len(states))
        chosen = f"AND state IN ({marks})" if states else ""
        gone = "" if with_gone else "AND is_gone = 0"
        query = f"""
            SELECT key, is_gone, position FROM events
            WHERE (is_gone, position) > (?, ?) {chosen} {gone}
            ORDER BY is_gone, position LIMIT {PAGE}
        """
        with self._pool.read() as connection:
            rows = connection.execute(query, [*after, *states]).fetchall()
        return [(row["key"], (row["is_gone"], row["position"])) for row in rows]

    def count_states(self) -> dict[EventState, int]:
        """Return how many events there are by state, without those that are gone."""
        with self._pool.read() as connection:
            rows = connection.execute(
                "SELECT state, count(*) FROM events WHERE is_gone = 0 GROUP BY state"
            )
            return dict(tuple(row) for row in rows)

    def photo(self, key: str, n: int) -> ReviewPhoto | None:
        """Return photo `n`, from 0, of an event, None if there is none."""
        query = """
            SELECT photos.* FROM photos JOIN events ON events.number = photos.event
            WHERE key = ? AND n = ?
        """
        with self._pool.read() as connection:
            row = connection.execute(query, (key, n)).fetchone()
        return None if row is None else photo_from_row(row)

    def photo_location(self, photo: ReviewPhoto) -> str:
        """Return where a photo is: a path or URL, of the root that was given last."""
        about = self.about()
        return PhotoPlaces(about.photo_root, about.photo_prefix).location(photo.path)

    # answers

    def answer(
        self,
        reviewer: Reviewer,
        keys: Sequence[str],
        answer: Answer,
        *,
        versions: Mapping[str, int] | None = None,
        merge: bool = False,
        request: str | None = None,
    ) -> list[AnswerRecord]:
        """Add the reviewer's answer to these events, as one action for undo.

        `versions`: of the events as the reviewer saw them, by key; raises ConflictError, which
        names the others, if someone else answered one since. `merge`: labels that the answer does
        not name keep the reviewer's answer. `request`: a name of this call; a call that repeats it
        adds nothing and returns the same records. Raises InputError for an unknown key, label or
        class.
        """
        with self._pool.write() as connection:
            if known := history.find_request(connection, reviewer.name, request):
                return known
            check_keys(connection, keys)
            check_versions(connection, reviewer.name, versions or {})
            labels.admit(connection, answer)
            after = history.answer_texts(connection, reviewer.name, keys, answer, merge)
            records = history.write_answer(connection, reviewer, after, self._now(), request)
            leases.release_leases(connection, reviewer.name, keys)
            return records

    def undo(self, reviewer: Reviewer, request: str | None = None) -> list[AnswerRecord]:
        """Take back the reviewer's last action that is not undone; [] if there is none.

        `request`: see `answer`.
        """
        with self._pool.write() as connection:
            known = history.find_request(connection, reviewer.name, request)
            if known is not None:
                return known
            return history.write_undo(connection, reviewer, self._now(), request)

    def redo(self, reviewer: Reviewer, request: str | None = None) -> list[AnswerRecord]:
        """Take back the reviewer's last undo; [] if there is none since their last answer.

        `request`: see `answer`.
        """
        with self._pool.write() as connection:
            known = history.find_request(connection, reviewer.name, request)
            if known is not None:
                return known
            return history.write_redo(connection, reviewer, self._now(), request)

    def can_undo(self, reviewer: str) -> tuple[bool, bool]:
        """Return whether the reviewer has something to undo, and to redo."""
        with self._pool.read() as connection:
            stacks = history.read_stacks(connection, reviewer)
        return stacks.undo_top is not None, stacks.redo_top is not None

    def history(self, key: str) -> list[AnswerRecord]:
        """Return all records of an event, oldest first."""
        with self._pool.read() as connection:
            return history.read_records(connection, "event = ?", [key])

    def records(self, after: int = 0, limit: int = 1_000) -> list[AnswerRecord]:
        """Return the next records of the store after the number `after`, at most `limit`."""
        with self._pool.read() as connection:
            condition = "records.number > ? AND records.number <= ?"
            return history.read_records(connection, condition, [after, after + limit])

    # people

    def lease(
        self, reviewer: str, keys: Sequence[str], seconds: float = leases.LEASE_SECONDS
    ) -> list[Lease]:
        """Keep these events for a reviewer, except those that others hold; return the latter."""
        with self._pool.write() as connection:
            return leases.take_leases(connection, keys, reviewer, self._clock(), seconds)

    def release(self, reviewer: str, keys: Sequence[str]) -> None:
        """End the reviewer's leases of these events."""
        with self._pool.write() as connection:
            leases.release_leases(connection, reviewer, keys)

    def reviewers(self) -> tuple[Reviewer, ...]:
        """Return all reviewers, by name."""
        with self._pool.read() as connection:
            rows = connection.execute("SELECT * FROM reviewers ORDER BY name")
            return tuple(map(reviewers.reviewer_from_row, rows))

    def ensure_reviewer(self, name: str, role: Role = "reviewer") -> Reviewer:
        """Return the reviewer of this name, who is added with that role if not known."""
        checked = reviewers.check_name(name)
        with self._pool.write() as connection:
            return reviewers.ensure_reviewer(connection, checked, role, self._now())

    def issue_token(self, name: str, role: Role = "reviewer") -> str:
        """Give a reviewer that role and a new token, which is returned; an old one ends."""
        checked = reviewers.check_name(name)
        with self._pool.write() as connection:
            return reviewers.issue_token(connection, checked, role, self._now())

    def deactivate(self, name: str) -> None:
        """End a reviewer's token; their answers stay. Raises UsageError for an unknown name."""
        with self._pool.write() as connection:
            reviewers.deactivate(connection, name)

    def find_by_token(self, token: str) -> Reviewer | None:
        """Return whose token it is, None if nobody's."""
        with self._pool.read() as connection:
            return reviewers.find_by_token(connection, token)

    def _now(self) -> str:
        return to_text(self._clock())
