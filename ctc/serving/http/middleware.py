"""The bearer token that requests must carry where the server was given one: RFC 6750."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ctc.serving.http.errors import SERVICE_UNAVAILABLE, UNAUTHORIZED, ApiError
from ctc.serving.http.request_log import request_record
from ctc.serving.http.responses import error_response


class ShutdownMiddleware:
    """Around the application: uvicorn cancels what is still under way when the grace is over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http" or request_record(scope).response_started:
                raise
            await error_response(
                scope, ApiError(SERVICE_UNAVAILABLE, "the server is stopping: ask again")
            )(scope, receive, send)


PUBLIC_PATHS = frozenset(
    {"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}
)
PUBLIC_PREFIX = "/assets/"


class BearerAuthMiddleware:
    """Around the application: whatever isn't the page itself or a health check needs
    `Authorization: Bearer TOKEN_VARIABLE`."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._digest = app, _digest(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and not _is_public(scope["path"])
            and not self._has_valid_token(Headers(scope=scope))
        ):
            refusal = ApiError(
                UNAUTHORIZED,
                "this server needs a token: Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )
            await error_response(scope, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _has_valid_token(self, headers: Headers) -> bool:
        """Digests are compared, in constant time: neither content nor length of the token shows in
        how long it takes."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            _digest(given.strip()), self._digest
        )


def _is_public(path: str) -> bool:
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIX)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
