"""The bearer token that requests must carry where the server was given one: RFC 6750."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ctc.serving.http.errors import STOPPING, UNAUTHORIZED, RequestError
from ctc.serving.http.request_log import visit_of
from ctc.serving.http.responses import refused


class RefuseWhenStopped:
    """Around the application: uvicorn cancels what is still under way when the grace is over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http" or visit_of(scope).begun:
                raise
            await refused(scope, RequestError(STOPPING, "the server is stopping: ask again"))(scope, receive, send)


OPEN_PATHS = frozenset({"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
OPEN_FOLDER = "/assets/"


class NeedToken:
    """Around the application: whatever isn't the page itself or a health check needs `Authorization: Bearer TOKEN`."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._digest = app, _digest(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope["path"]) and not self._bears(Headers(scope=scope)):
            refusal = RequestError(
                UNAUTHORIZED, "this server needs a token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
            )
            await refused(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _bears(self, headers: Headers) -> bool:
        """Digests are compared, in constant time: neither content nor length of the token shows in how long it takes."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(_digest(given.strip()), self._digest)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
