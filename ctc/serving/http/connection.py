"""A connection that can't be held open for nothing.

uvicorn bounds the head in size, and the idle time between two requests; the application bounds the body. What is left to bound here is how
long a head may take to come, how long an answer may take to be fetched, and how long a body may go on that nobody reads any more.

Nor is it closed while a client still sends: the system would answer what comes with a reset, and the client (nginx too, as it speaks to
servers) would lose a refusal that it has not read yet. RFC 9112, section 9.6.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ctc.serving.http.errors import BAD_REQUEST

HEAD_SECONDS = 15.0
STALL_SECONDS = 30.0
MOST_CONNECTIONS = 1000

NOT_FETCHED, GOES_ON = "an answer not fetched", "an answered request that goes on"

log = logging.getLogger(__name__)


class _LingeringTransport:
    """A transport of which `close` closes our direction alone when the client still sends; what comes then `lingers` for nobody."""

    def __init__(self, transport: asyncio.Transport, still_sends: Callable[[], bool]) -> None:
        self._transport, self._still_sends = transport, still_sends
        self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.lingers or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing() or not self._still_sends():
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        self._transport.resume_reading()


class BoundedConnection(H11Protocol):
    """One deadline at a time; whoever misses it is cut off."""

    _deadline: asyncio.TimerHandle | None = None
    _line: _LingeringTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._line = _LingeringTransport(transport, self._still_sends)
        super().connection_made(cast(asyncio.Transport, self._line))
        if len(self.connections) > MOST_CONNECTIONS:
            self._cut_off(f"there are {MOST_CONNECTIONS:,} connections already")
        else:
            self._expect(HEAD_SECONDS, "no request")

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._line.lingers:
            return
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:  # a whole head has come
            self._expect_nothing()
        elif self.conn.their_state is h11.IDLE and self._deadline is None:
            self._expect(HEAD_SECONDS, "half a request")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._expect(STALL_SECONDS, GOES_ON)
        elif self.transport.is_closing():
            self._expect(STALL_SECONDS, NOT_FETCHED)

    def shutdown(self) -> None:
        """As uvicorn's, and the answer under way tells the client to ask nobody here any more."""
        super().shutdown()
        if self.cycle and not self.cycle.response_complete:
            self.cycle.default_headers = [*self.cycle.default_headers, (b"connection", b"close")]

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect(STALL_SECONDS, NOT_FETCHED)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect(STALL_SECONDS, NOT_FETCHED)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._expect_nothing()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, but in JSON, told with the address, and harmless when an answer is on its way already."""
        log.info("a request of %s is refused: it is not HTTP/1.1", self._address)
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
        self._expect(STALL_SECONDS, GOES_ON)

    def _still_sends(self) -> bool:
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else "nobody"

    def _expect(self, seconds: float, otherwise: str) -> None:
        """Cut the connection off after so many seconds of what `otherwise` says, unless something else is expected before."""
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, self._cut_off, f"{otherwise} for {seconds:g} s")

    def _expect_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None

    def _cut_off(self, reason: str) -> None:
        log.info("a connection of %s is cut off: %s", self._address, reason)
        self.transport.abort()
