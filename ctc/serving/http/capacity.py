"""How much work and memory all requests together may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ctc.serving.http.errors import BUSY, RequestError

LONGEST_RETRY = 60


class Room:
    """A number of places, `most`, of what messages call `what`; `on_change` is told how many are taken. For one thread."""

    def __init__(self, most: int, what: str, on_change: Callable[[int], None]) -> None:
        self._most, self._what, self._on_change = most, what, on_change
        self._taken = 0
        self._last_stay = 0.0

    @contextmanager
    def places(self, count: int) -> Iterator[Stay]:
        """Take so many places for the block, in which more can be taken. Raises RequestError when there is no room, with the time
        that the last stay took as the time to try again after."""
        stay = Stay(self)
        begin = time.monotonic()
        try:
            stay.extend(count)
            yield stay
            self._last_stay = time.monotonic() - begin
        finally:
            self._move(-stay.places)

    def _move(self, count: int) -> None:
        self._taken += count
        self._on_change(self._taken)

    def _take(self, count: int) -> None:
        if self._taken + count > self._most:
            seconds = min(LONGEST_RETRY, max(1, math.ceil(self._last_stay)))
            raise RequestError(
                BUSY, f"too much at once: {self._what}; try again in {seconds} s", {"Retry-After": str(seconds)}
            )
        self._move(count)


class Stay:
    """The places that one request has taken."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.places = 0

    def extend(self, count: int) -> None:
        """Take more places; raises RequestError when there is no room."""
        self._room._take(count)
        self.places += count
