"""Counts of events for the page, kept for a moment: of a large store they take half a second."""

from __future__ import annotations

import threading
import time
from typing import Any

from ctc.artifacts.review.store import ReviewStore
from ctc.review.queues import pages
from ctc.review.queues.filters import EventFilter

LEAST_SECONDS = 2.0
"""How long counts are kept at least."""
WORK_SHARE = 20
"""Counting takes at most one part in that many of the time."""
MAX_KEPT = 64


class CountCache:
    """Counts by filter; for several threads."""

    def __init__(self, store: ReviewStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: dict[EventFilter, tuple[float, dict[str, Any]]] = {}

    def get(self, chosen: EventFilter) -> dict[str, Any]:
        """Return the events of each queue, class and place."""
        with self._lock:
            until, kept = self._kept.get(chosen, (0.0, {}))
            start = time.monotonic()
            if start < until:
                return kept
            counts = self._count(chosen)
            end = time.monotonic()
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[chosen] = end + max(LEAST_SECONDS, WORK_SHARE * (end - start)), counts
            return counts

    def _count(self, chosen: EventFilter) -> dict[str, Any]:
        with self._store.read() as connection:
            return {
                "queues": pages.count_queues(connection, chosen),
                "classes": list(pages.count_classes(connection, chosen).items()),
                "places": list(pages.count_places(connection).items()),
            }
