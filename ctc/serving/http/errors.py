"""The error that becomes an HTTP error response."""

from __future__ import annotations

from collections.abc import Mapping

from ctc.errors import shorten

MAX_MESSAGE = 1000
CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that closed the connection; only the log and the metrics show it."""


class ApiError(Exception):
    """A request that can't be answered.

    `status`: the HTTP status; `message`: one line that says what is wrong, where, and the next
    step, at most MAX_MESSAGE characters; `headers`: response headers.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(shorten(message, MAX_MESSAGE))
        self.status = int(status)
        self.headers = dict(headers or {})
