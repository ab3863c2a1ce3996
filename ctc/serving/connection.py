"""A connection that can't be held open for nothing.

uvicorn bounds the head in size, and the idle time between two requests; the application bounds the body. What is left to bound here is how
long a head may take to come, how long an answer may take to be fetched, and how long a body may go on that nobody reads any more.
"""

from __future__ import annotations

import asyncio
import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ctc.serving.request_error import BAD_REQUEST

HEAD_SECONDS = 15.0
STALL_SECONDS = 30.0
MOST_CONNECTIONS = 1000


class BoundedConnection(H11Protocol):
    """One deadline at a time; whoever misses it is cut off."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._expect(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:  # a whole head has come
            self._expect(None)
        elif self.conn.their_state is h11.IDLE and self._deadline is None:
            self._expect(HEAD_SECONDS)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() or self.conn.their_state is h11.SEND_BODY:
            self._expect(STALL_SECONDS)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect(STALL_SECONDS)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect(STALL_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._expect(None)

    def send_400_response(self, msg: str) -> None:
        """As uvicorn's, but in JSON, and harmless when an answer is on its way already."""
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

    def _expect(self, seconds: float | None) -> None:
        """Cut the connection off after so many seconds, unless something else is expected before."""
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort) if seconds else None
