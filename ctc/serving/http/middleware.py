"""ASGI middleware: orderly shutdown, and bearer tokens as in RFC 6750."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ctc.serving.http.errors import ApiError
from ctc.serving.http.request_log import request_record
from ctc.serving.http.responses import error_response

PUBLIC_PATHS = frozenset(
    {"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}
)
PUBLIC_PREFIX = "/assets/"


class ShutdownMiddleware:
    """Answers the last requests of a server that stops.

    Their responses carry `Connection: close`; requests that uvicorn cancels after the shutdown
    timeout get a 503.
    """

    def __init__(self, app: ASGIApp, is_stopping: Callable[[], bool]) -> None:
        self._app, self._is_stopping = app, is_stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing_send(message: Message) -> None:
            if message["type"] == "http.response.start" and self._is_stopping():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        try:
            await self._app(scope, receive, closing_send)
        except asyncio.CancelledError:
            if scope["type"] != "http" or request_record(scope).response_started:
                raise
            error = ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "the server is stopping: try again")
            await error_response(scope, error)(scope, receive, closing_send)


class BearerAuthMiddleware:
    """Requires `Authorization: Bearer TOKEN`, except for the web page and the health checks."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._digest = app, _digest(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and not is_public(scope["path"])
            and not self._has_valid_token(Headers(scope=scope))
        ):
            await error_response(scope, missing_token())(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _has_valid_token(self, headers: Headers) -> bool:
        """Compare digests in constant time: the duration tells nothing about the token."""
        token = bearer_token(headers)
        return token is not None and hmac.compare_digest(_digest(token), self._digest)


def is_public(path: str) -> bool:
    """Return whether a path needs no token: the page, its files and the health checks."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIX)


def bearer_token(headers: Headers) -> str | None:
    """Return the token of a request, None without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def missing_token() -> ApiError:
    """Return the error for a request without a token that is known."""
    return ApiError(
        HTTPStatus.UNAUTHORIZED,
        "this server needs a token: Authorization: Bearer TOKEN",
        {"WWW-Authenticate": "Bearer"},
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
