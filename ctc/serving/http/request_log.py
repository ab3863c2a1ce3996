"""What is written down of every request: a line in the log, and its figures."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctc.serving.http.errors import GONE, INTERNAL
from ctc.serving.http.metrics import Metrics

log = logging.getLogger("ctc.serving.access")
_KEY = "ctc.visit"
NO_ROUTE, NO_METHOD = "none", "other"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


@dataclass
class Visit:
    """One request; whoever answers it tells the `model` and the number of `photos`, and why it was refused."""

    model: str | None = None
    photos: int = 0
    reason: str | None = None
    status: int = GONE
    begun: bool = False
    sent: int = 0


def visit_of(scope: Scope) -> Visit:
    """What is known of the request so far."""
    visit: Visit = scope[_KEY]
    return visit


class WriteDown:
    """Around the whole application. An answer that was never begun counts as 499: the client had gone."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = scope[_KEY] = Visit()
        begin = time.perf_counter()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status, visit.begun = message["status"], True
            visit.sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            visit.status = INTERNAL
            raise
        finally:
            seconds = time.perf_counter() - begin
            self._metrics.requested(*_kind_of(scope), visit.status, seconds)
            log.info("request", extra={"fields": _fields(scope, visit, seconds)})


def _kind_of(scope: Scope) -> tuple[str, str]:
    """Method and route, out of a few: strangers make up others without end."""
    method = scope["method"] if scope["method"] in METHODS else NO_METHOD
    return method, getattr(scope.get("route"), "path", NO_ROUTE)


def _fields(scope: Scope, visit: Visit, seconds: float) -> dict[str, Any]:
    client = scope.get("client")
    told = {
        "client": client[0] if client else None,
        "method": scope["method"],
        "path": scope["raw_path"].decode("ascii", "backslashreplace"),
        "status": visit.status,
        "ms": round(1000 * seconds, 1),
        "bytes": visit.sent,
        "model": visit.model,
        "photos": visit.photos or None,
        "reason": visit.reason,
    }
    return {name: value for name, value in told.items() if value is not None}
