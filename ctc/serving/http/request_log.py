"""What is written down of every request: a line in the log, and its figures."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctc.serving.http.errors import CLIENT_CLOSED_REQUEST, INTERNAL_SERVER_ERROR
from ctc.serving.http.metrics import Metrics

log = logging.getLogger("ctc.serving.access")
_SCOPE_KEY = "ctc.visit"
UNKNOWN_ROUTE, OTHER_METHOD = "none", "other"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


@dataclass
class RequestRecord:
    """One request; whoever answers it tells the `model` and the number of `photos`, and why it was
    refused."""

    model: str | None = None
    photos: int = 0
    reason: str | None = None
    status: int = CLIENT_CLOSED_REQUEST
    response_started: bool = False
    bytes_sent: int = 0


def request_record(scope: Scope) -> RequestRecord:
    """What is known of the request so far."""
    visit: RequestRecord = scope[_SCOPE_KEY]
    return visit


class RequestLogMiddleware:
    """Around the whole application. An answer that was never begun counts as 499: the client had
    gone."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = scope[_SCOPE_KEY] = RequestRecord()
        begin = time.perf_counter()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status, visit.response_started = message["status"], True
            visit.bytes_sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            visit.status = INTERNAL_SERVER_ERROR
            raise
        finally:
            seconds = time.perf_counter() - begin
            self._metrics.record_request(*_method_and_route(scope), visit.status, seconds)
            log.info("request", extra={"fields": _log_fields(scope, visit, seconds)})


def _method_and_route(scope: Scope) -> tuple[str, str]:
    """Method and route, out of a few: strangers make up others without end."""
    method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
    return method, getattr(scope.get("route"), "path", UNKNOWN_ROUTE)


def _log_fields(scope: Scope, record: RequestRecord, seconds: float) -> dict[str, Any]:
    client = scope.get("client")
    told = {
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
    return {name: value for name, value in told.items() if value is not None}
