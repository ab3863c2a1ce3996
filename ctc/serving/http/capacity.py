"""Limits on the work and memory of all requests together: HTTP 429 when they are reached."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from ctc.serving.http.errors import ApiError

MAX_RETRY_AFTER = 60


class CapacityLimiter:
    """A fixed number of units (bytes, photos) that requests reserve; for one thread.

    `full_message`: what error messages say when the capacity is used up; `on_change` is called
    with the number of units in use.
    """

    def __init__(self, capacity: int, full_message: str, on_change: Callable[[int], None]) -> None:
        self._capacity, self._full_message, self._on_change = capacity, full_message, on_change
        self._used = 0
        self._last_duration = 0.0

    @contextmanager
    def reserve(self, count: int) -> Iterator[Reservation]:
        """Reserve `count` units for the block, which may reserve more.

        Raises ApiError (429) when the capacity is used up; its Retry-After is how long the last
        reservation was held.
        """
        reservation = Reservation(self)
        start = time.monotonic()
        try:
            reservation.grow(count)
            yield reservation
            self._last_duration = time.monotonic() - start
        finally:
            self._change_used(-reservation.amount)

    def _change_used(self, count: int) -> None:
        self._used += count
        self._on_change(self._used)

    def _acquire(self, count: int) -> None:
        if self._used + count > self._capacity:
            seconds = min(MAX_RETRY_AFTER, max(1, math.ceil(self._last_duration)))
            raise ApiError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"too many requests: {self._full_message}; try again in {seconds} s",
                {"Retry-After": str(seconds)},
            )
        self._change_used(count)


class Reservation:
    """The units that one request has reserved; `amount`: their number."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self.amount = 0

    def grow(self, count: int) -> None:
        """Reserve `count` more units; raises ApiError (429) when the capacity is used up."""
        self._limiter._acquire(count)
        self.amount += count
