"""Timeouts and limits of a connection that uvicorn doesn't have.

uvicorn limits the size of request headers and the idle time between two requests; `read_body`
limits the body. Missing are limits on how long headers may take to arrive, how long a response may
stay unread, how long a body may continue after the request was refused, and how many connections
there are. No ASGI middleware can add them: an application sees neither half a request nor the
transport.

So `ConnectionGuard` stands between the transport and the protocol of uvicorn, and
`ConnectionMiddleware` tells it when requests start and end. Both use asyncio's and ASGI's public
interfaces only.

A connection is not closed while the client still sends: the kernel would answer further data with a
reset, and the client (nginx as well) would lose an error response that it has not read yet. RFC
9112, section 9.6.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEADERS_TIMEOUT = 15.0
STALL_TIMEOUT = 30.0
MAX_CONNECTIONS = 1000
MAX_HEADER_BYTES = 32 * 1024

NO_REQUEST, PARTIAL_REQUEST = "no request", "an incomplete request"
RESPONSE_NOT_READ, BODY_CONTINUES = "a response that is not read", "a refused request that goes on"

STATE_KEY = "ctc.connection"
"""Where the state of an ASGI scope holds the guard of its connection."""

log = logging.getLogger(__name__)


class ConnectionGuard(asyncio.Protocol):
    """One connection with one deadline at a time; it is aborted when it misses the deadline.

    `uvicorn.Config(http=ConnectionGuard)` creates one per connection. `deadline_reason`: what the
    connection is aborted for at the deadline; None without a deadline.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.deadline_reason: str | None = None
        self._connections = server_state.connections
        self._http = H11Protocol(config, server_state, {**app_state, STATE_KEY: self}, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._open_requests = 0
        self._is_parsing = self._is_body_pending = self._is_write_paused = False
        self._is_refused = self._is_lingering = self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._client_address = peer[0] if isinstance(peer, tuple) else "an unknown client"
        self._http.connection_made(cast(asyncio.Transport, _GuardedTransport(self)))
        if len(self._connections) > MAX_CONNECTIONS:
            self.abort(f"there are {MAX_CONNECTIONS:,} connections already")
        else:
            self._set_deadline(HEADERS_TIMEOUT, NO_REQUEST)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._http.connection_lost(exc)
        self._clear_deadline()

    def data_received(self, data: bytes) -> None:
        if self._is_lingering:
            return
        self._is_parsing = True
        try:
            self._http.data_received(data)
        except Exception as error:  # h11 refuses a 400 where a response has started already
            log.info("closed a connection of %s: %s", self._client_address, error)
            self.close()
        finally:
            self._is_parsing = False
        if not self._open_requests and self._deadline is None:
            self._set_deadline(HEADERS_TIMEOUT, PARTIAL_REQUEST)

    def eof_received(self) -> None:
        self._http.eof_received()

    def pause_writing(self) -> None:
        self._is_write_paused = True
        self._http.pause_writing()
        self._set_deadline(STALL_TIMEOUT, RESPONSE_NOT_READ)

    def resume_writing(self) -> None:
        self._is_write_paused = False
        self._http.resume_writing()
        if not self.is_closing():
            self._clear_deadline()

    @contextmanager
    def request(self, has_body: bool) -> Iterator[None]:
        """Mark the block as the processing of a request."""
        self._open_requests += 1
        self._is_body_pending = has_body
        if not self._is_write_paused:  # else the response before is not read
            self._clear_deadline()
        try:
            yield
        finally:
            self._open_requests -= 1
            if self._is_body_pending and not self._is_lost:
                self._set_deadline(STALL_TIMEOUT, BODY_CONTINUES)

    def body_received(self) -> None:
        """Mark the body of the request as complete."""
        self._is_body_pending = False

    def write(self, data: bytes) -> None:
        """Send `data` of uvicorn.

        What uvicorn sends while it parses is its plain-text refusal of a request that is not HTTP;
        the client gets JSON in its place.
        """
        if not self._is_parsing:
            self._transport.write(data)
        elif not self._is_refused:
            self._is_refused = True
            log.info("refused a request of %s: it is not HTTP/1.1", self._client_address)
            self._transport.write(_NOT_HTTP)

    def is_closing(self) -> bool:
        return self._is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close the connection, or only our direction while the client still sends."""
        is_client_sending = self._is_parsing or self._is_body_pending
        if self.is_closing() or not is_client_sending:
            self._transport.close()
            self._set_deadline(STALL_TIMEOUT, RESPONSE_NOT_READ)
            return
        self._is_lingering = True
        self._transport.write_eof()
        self._transport.resume_reading()
        self._set_deadline(STALL_TIMEOUT, BODY_CONTINUES)

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""
        log.info("aborted a connection of %s: %s", self._client_address, reason)
        self._transport.abort()

    def _set_deadline(self, seconds: float, reason: str) -> None:
        """Abort the connection in `seconds` unless the deadline is cleared or replaced before."""
        self._clear_deadline()
        self.deadline_reason = reason
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self.abort, f"{reason} for {seconds:g} s")

    def _clear_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self.deadline_reason = None


class _GuardedTransport:
    """The transport as uvicorn sees it: what it sends and closes goes through the guard."""

    def __init__(self, guard: ConnectionGuard) -> None:
        self.write, self.close, self.is_closing = guard.write, guard.close, guard.is_closing
        self._transport = guard._transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class ConnectionMiddleware:
    """Tells the guard of the connection when a request starts, has arrived, and ends.

    Refuses requests whose headers no other part of the server should see. To be the outermost
    middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guard: ConnectionGuard | None = scope.get("state", {}).get(STATE_KEY)
        if guard is None:
            await self._app(scope, receive, send)
            return

        async def watching_receive() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                guard.body_received()
            return message

        headers = Headers(scope=scope)
        app = _refusal(scope, headers) or self._app
        with guard.request(_has_body(headers)):
            await app(scope, watching_receive, send)


def _refusal(scope: Scope, headers: Headers) -> Response | None:
    """Return the response to a request whose headers are too large, or leave its length open.

    Its connection is closed, as RFC 9112 demands for requests with two lengths: a proxy in front
    may have taken another part of the data for the next request.
    """
    target = len(scope["raw_path"]) + len(scope["query_string"])
    size = target + sum(len(name) + len(value) for name, value in headers.raw)
    if size > MAX_HEADER_BYTES:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        reason = f"the headers have more than {MAX_HEADER_BYTES:,} bytes"
    elif "transfer-encoding" in headers and "content-length" in headers:
        status = HTTPStatus.BAD_REQUEST
        reason = "the request has both Content-Length and Transfer-Encoding: send one of them"
    else:
        return None
    log.info("refused a request of %s: %s", (scope.get("client") or ("-",))[0], reason)
    return JSONResponse({"error": reason}, status, {"Connection": "close"})


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _not_http_response() -> bytes:
    body = json.dumps({"error": "this is not HTTP/1.1: send a request as in RFC 9112"})
    lines = (
        "HTTP/1.1 400 Bad Request",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        "",
        body,
    )
    return "\r\n".join(lines).encode()


_NOT_HTTP = _not_http_response()
