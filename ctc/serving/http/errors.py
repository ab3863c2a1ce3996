"""What a request gets instead of an answer."""

from __future__ import annotations

from collections.abc import Mapping

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
TIMEOUT = 408
TOO_LARGE = 413
UNSUPPORTED = 415
UNUSABLE = 422
BUSY = 429
GONE = 499
"""nginx's number for a client that closed the connection: nobody reads it but the log."""
INTERNAL = 500
STOPPING = 503
TOO_LATE = 504


class RequestError(Exception):
    """A request that isn't answered: the HTTP `status` and one line that says what is wrong, where, and the next step."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
