"""The error that becomes an HTTP error response."""

from __future__ import annotations

from collections.abc import Mapping

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that closed the connection; only the log and the metrics show it."""


class ApiError(Exception):
    """A request that can't be answered.

    `status`: the HTTP status; `message`: one line that says what is wrong, where, and the next
    step; `headers`: response headers.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = int(status)
        self.headers = dict(headers or {})
