"""What a request gets instead of an answer."""

from __future__ import annotations

from collections.abc import Mapping

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
REQUEST_TIMEOUT = 408
REQUEST_ENTITY_TOO_LARGE = 413
UNSUPPORTED_MEDIA_TYPE = 415
UNPROCESSABLE_ENTITY = 422
TOO_MANY_REQUESTS = 429
CLIENT_CLOSED_REQUEST = 499
"""nginx's number for a client that closed the connection: nobody reads it but the log."""
INTERNAL_SERVER_ERROR = 500
SERVICE_UNAVAILABLE = 503
GATEWAY_TIMEOUT = 504


class ApiError(Exception):
    """A request that isn't answered: the HTTP `status` and one line that says what is wrong, where,
    and the next step."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
