"""A connection that can't be held open for nothing.

uvicorn bounds the head in size, and the idle time between two requests; the application bounds the
body. What is left to bound here is how long a head may take to come, how long an answer may take to
be fetched, and how long a body may go on that nobody reads any more.

Nor is it closed while a client still sends: the system would answer what comes with a reset, and
the client (nginx too, as it speaks to servers) would lose a refusal that it has not read yet. RFC
9112, section 9.6."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ctc.serving.http.errors import BAD_REQUEST

HEAD_TIMEOUT = 15.0
STALL_TIMEOUT = 30.0
MAX_CONNECTIONS = 1000

RESPONSE_NOT_READ, REQUEST_CONTINUES = "an answer not fetched", "an answered request that goes on"

log = logging.getLogger(__name__)


class _LingeringTransport:
    """A transport of which `close` closes our direction alone when the client still sends; what
    comes then `is_lingering` for nobody."""

    def __init__(self, transport: asyncio.Transport, is_client_sending: Callable[[], bool]) -> None:
        self._transport, self._is_client_sending = transport, is_client_sending
        self.is_lingering = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing() or not self._is_client_sending():
            self._transport.close()
            return
        self.is_lingering = True
        self._transport.write_eof()
        self._transport.resume_reading()


class TimeoutProtocol(H11Protocol):
    """One deadline at a time; whoever misses it is cut off."""

    _deadline: asyncio.TimerHandle | None = None
    _lingering_transport: _LingeringTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._lingering_transport = _LingeringTransport(transport, self._is_client_sending)
        super().connection_made(cast(asyncio.Transport, self._lingering_transport))
        if len(self.connections) > MAX_CONNECTIONS:
            self._abort(f"there are {MAX_CONNECTIONS:,} connections already")
        else:
            self._set_deadline(HEAD_TIMEOUT, "no request")

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering_transport.is_lingering:
            return
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:  # a whole head has come
            self._clear_deadline()
        elif self.conn.their_state is h11.IDLE and self._deadline is None:
            self._set_deadline(HEAD_TIMEOUT, "half a request")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._set_deadline(STALL_TIMEOUT, REQUEST_CONTINUES)
        elif self.transport.is_closing():
            self._set_deadline(STALL_TIMEOUT, RESPONSE_NOT_READ)

    def shutdown(self) -> None:
        """As uvicorn's, and the answer under way tells the client to ask nobody here any more."""
        super().shutdown()
        if self.cycle and not self.cycle.response_complete:
            self.cycle.default_headers = [*self.cycle.default_headers, (b"connection", b"close")]

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._set_deadline(STALL_TIMEOUT, RESPONSE_NOT_READ)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._set_deadline(STALL_TIMEOUT, RESPONSE_NOT_READ)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._clear_deadline()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, but in JSON, told with the address, and harmless when an answer is on its
        way already."""
        log.info("a request of %s is refused: it is not HTTP/1.1", self._client_address)
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"error": f"this is not HTTP/1.1: {msg}"}).encode()
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            for event in (
                h11.Response(status_code=BAD_REQUEST, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event))
        self.transport.close()
        self._set_deadline(STALL_TIMEOUT, REQUEST_CONTINUES)

    def _is_client_sending(self) -> bool:
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    @property
    def _client_address(self) -> str:
        return self.client[0] if self.client else "nobody"

    def _set_deadline(self, seconds: float, reason: str) -> None:
        """Cut the connection off after so many seconds of what `reason` says, unless something else
        is expected before."""
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._abort, f"{reason} for {seconds:g} s")

    def _clear_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None

    def _abort(self, reason: str) -> None:
        log.info("a connection of %s is cut off: %s", self._client_address, reason)
        self.transport.abort()
