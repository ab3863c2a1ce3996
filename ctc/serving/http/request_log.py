"""The access log and the request metrics."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctc.serving.http.errors import CLIENT_CLOSED_REQUEST
from ctc.serving.http.metrics import Metrics

log = logging.getLogger("ctc.serving.access")
UNKNOWN_ROUTE, OTHER_METHOD = "none", "other"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_SCOPE_KEY = "ctc.request_record"


@dataclass
class RequestRecord:
    """What the access log says of one request.

    Endpoints fill in the `model`, the number of `photos`, and the `reason` of an error response.
    `status` is 499 until the response starts: the client closed the connection.
    """

    model: str | None = None
    photos: int = 0
    reason: str | None = None
    status: int = CLIENT_CLOSED_REQUEST
    response_started: bool = False
    bytes_sent: int = 0


def request_record(scope: Scope) -> RequestRecord:
    """Return the record of the request with that ASGI scope."""
    record: RequestRecord = scope[_SCOPE_KEY]
    return record


class RequestLogMiddleware:
    """Logs every request and counts it in the metrics."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = scope[_SCOPE_KEY] = RequestRecord()
        start = time.perf_counter()

        async def recording_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status, record.response_started = message["status"], True
            record.bytes_sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, recording_send)
        except Exception:
            record.status = HTTPStatus.INTERNAL_SERVER_ERROR.value
            raise
        finally:
            seconds = time.perf_counter() - start
            self._metrics.record_request(*_method_and_route(scope), record.status, seconds)
            log.info("request", extra={"fields": _log_fields(scope, record, seconds)})


def _method_and_route(scope: Scope) -> tuple[str, str]:
    """Return method and route out of a fixed set: clients can invent others without end."""
    method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
    return method, getattr(scope.get("route"), "path", UNKNOWN_ROUTE)


def _log_fields(scope: Scope, record: RequestRecord, seconds: float) -> dict[str, Any]:
    client = scope.get("client")
    fields = {
        "client": client[0] if client else None,
        "method": scope["method"],
        "path": scope["raw_path"].decode("ascii", "backslashreplace"),
        "status": record.status,
        "ms": round(1000 * seconds, 1),
        "bytes": record.bytes_sent,
        "model": record.model,
        "photos": record.photos or None,
        "reason": record.reason,
    }
    return {name: value for name, value in fields.items() if value is not None}
