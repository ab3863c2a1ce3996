"""The audit of a store as the page shows it: its proof, and the events that it draws next."""

from __future__ import annotations

import threading
from dataclasses import replace

from ctc.artifacts.review.about import read_about
from ctc.artifacts.review.claims import Claim, Proof
from ctc.artifacts.review.store import ReviewStore
from ctc.review.proof.audit import read_proof
from ctc.review.proof.draws import START, next_draws
from ctc.review.proof.targets import Targets
from ctc.review.queues.filters import EventFilter
from ctc.review.queues.pages import Cursor, Page

_State = tuple[int, str]
"""The number of the last answer, and when the predictions came."""


class Audit:
    """The audit of a store; for several threads."""

    def __init__(self, store: ReviewStore, targets: Targets) -> None:
        self._store, self._targets = store, targets
        self._lock = threading.Lock()
        self._kept: tuple[_State, Proof] | None = None

    def proof(self) -> Proof:
        """Return the claims and how they stand, read anew if there are further answers."""
        with self._lock, self._store.read() as connection:
            last = connection.execute("SELECT max(number) FROM records").fetchone()[0] or 0
            state = last, read_about(connection).loaded_at
            if self._kept is None or self._kept[0] != state:
                self._kept = state, read_proof(connection, self._targets)
            return self._kept[1]

    def page(self, chosen: EventFilter, after: Cursor | None, limit: int, skip: int) -> Page | None:
        """Return the events that the open claims need next.

        None if the filter asks for more than a class, or no claim is open.
        """
        if not _is_for_all(chosen):
            return None
        claims = [one for one in self.proof().claims if _is_meant(one, chosen)]
        if not any(one.state == "open" for one in claims):
            return None
        with self._store.read() as connection:
            draws = next_draws(connection, claims, limit + 1, after or START, skip)
        keys = tuple(one.key for one in draws[:limit])
        last = draws[limit - 1] if len(draws) > limit else None
        return Page(keys, None if last is None else (last.turn, last.number))


def _is_for_all(chosen: EventFilter) -> bool:
    plain = EventFilter(chosen.reviewer, chosen.label)
    return replace(chosen, class_name="", state="") == plain and chosen.state in ("", "open")


def _is_meant(claim: Claim, chosen: EventFilter) -> bool:
    return claim.label == chosen.label and chosen.class_name in ("", claim.name)
