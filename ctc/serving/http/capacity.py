"""How much work and memory all requests together may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ctc.serving.http.errors import TOO_MANY_REQUESTS, ApiError

MAX_RETRY_AFTER = 60


class CapacityLimiter:
    """A number of places, `capacity`, of what messages call `full_message`; `on_change` is told how
    many are taken. For one thread."""

    def __init__(self, capacity: int, full_message: str, on_change: Callable[[int], None]) -> None:
        self._capacity, self._full_message, self._on_change = capacity, full_message, on_change
        self._used = 0
        self._last_duration = 0.0

    @contextmanager
    def reserve(self, count: int) -> Iterator[Reservation]:
        """Take so many places for the block, in which more can be taken. Raises RequestError when
        there is no room, with the time that the last stay took as the time to try again after."""
        stay = Reservation(self)
        begin = time.monotonic()
        try:
            stay.grow(count)
            yield stay
            self._last_duration = time.monotonic() - begin
        finally:
            self._change_used(-stay.amount)

    def _change_used(self, count: int) -> None:
        self._used += count
        self._on_change(self._used)

    def _acquire(self, count: int) -> None:
        if self._used + count > self._capacity:
            seconds = min(MAX_RETRY_AFTER, max(1, math.ceil(self._last_duration)))
            raise ApiError(
                TOO_MANY_REQUESTS,
                f"too much at once: {self._full_message}; try again in {seconds} s",
                {"Retry-After": str(seconds)},
            )
        self._change_used(count)


class Reservation:
    """The places that one request has taken."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self.amount = 0

    def grow(self, count: int) -> None:
        """Take more places; raises RequestError when there is no room."""
        self._limiter._acquire(count)
        self.amount += count
