"""Timeouts and limits of connections, on real sockets."""

from __future__ import annotations

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import sleep

import pytest

from ctc.serving.http import connection

GET_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def received(client: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection; nothing when it aborts it."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        parts.clear()
    return b"".join(parts)


def send_until_aborted(client: socket.socket, data: bytes, pause: float) -> None:
    """Send `data` again and again until the server drops the connection."""
    with suppress(ConnectionError):
        while True:
            client.sendall(data)
            sleep(pause)


@pytest.mark.parametrize(
    "closing_head", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"]
)
def test_connection_delivers_the_refusal_to_a_client_that_sends_first(
    serve, closing_head: bytes
) -> None:
    with serve(limits={"max_body_bytes": 1000}).connect() as client:
        client.sendall(
            b"POST /v1/models/model:predict " + closing_head + b"Content-Length: 20000000\r\n\r\n"
        )
        client.sendall(bytes(20_000_000))
        assert received(client).startswith(b"HTTP/1.1 413 ")


def test_connection_aborts_slow_headers_and_logs_it(serve, jpeg, monkeypatch, caplog) -> None:
    monkeypatch.setattr(connection, "HEADERS_TIMEOUT", 0.3)
    caplog.set_level(logging.INFO, "ctc.serving.http.connection")
    server = serve()
    with server.connect() as idle, server.connect() as slow:
        send_until_aborted(slow, b"GET / HTTP/1.1\r\nX-Slow: ", pause=0.01)
        assert (received(idle), received(slow)) == (b"", b"")
    assert caplog.messages == 2 * ["aborted a connection of 127.0.0.1: no request for 0.3 s"]
    monkeypatch.undo()
    assert server.send_photo(jpeg()).status == 200


def test_connection_aborts_slow_headers_of_a_second_request(serve, monkeypatch) -> None:
    with serve().connect() as client:
        client.sendall(GET_HEALTH)
        response = b""
        while not response.endswith(b"}"):
            response += client.recv(65536)
        monkeypatch.setattr(connection, "HEADERS_TIMEOUT", 0.1)
        client.sendall(b"GET /hea")
        assert received(client) == b""


def test_connection_aborts_a_refused_body_that_goes_on(serve) -> None:
    server = serve(limits={"max_body_bytes": 1000})
    with server.connect() as client:
        client.sendall(server.request_head(10**12))
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")
        client.sendall(b"x" * 1000)
        server.expire(connection.BODY_CONTINUES)
        send_until_aborted(client, b"x" * 1000, pause=0.001)


def test_connection_aborts_a_client_that_does_not_read(serve, monkeypatch) -> None:
    monkeypatch.setattr(connection, "STALL_TIMEOUT", 0.1)
    server = serve()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        send_until_aborted(
            client, b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", pause=0
        )
    assert server.get("/healthz").status == 200


def test_connection_beyond_the_limit_is_aborted(serve, monkeypatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 2)
    server = serve()
    with server.connect(), server.connect(), server.connect() as third:
        assert received(third) == b""


def test_connection_is_closed_by_the_last_response_of_a_stopping_server(serve, jpeg) -> None:
    server = serve(max_batch_wait=3600.0, batch_size=2)
    with server.connect() as client, ThreadPoolExecutor() as clients:
        last = clients.submit(server.send_photo, jpeg())
        server.wait_for("ctc_queue_photos", 1)
        client.sendall(server.request_head(len(jpeg())) + jpeg()[:10])
        server.wait_for("ctc_held_bytes", len(jpeg()) + 10)
        server.stop_listening()
        client.sendall(jpeg()[10:])
        assert (last.result().status, last.result().headers["connection"]) == (200, "close")
        assert b"\r\nconnection: close\r\n" in received(client)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9\r\n\r\n",
        b"\r\nx\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
    ],
)
def test_connection_refuses_what_is_not_http(server, sent: bytes) -> None:
    with server.connect() as client:
        client.sendall(sent + b"\r\n\r\n")
        answer = received(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'{"error": "this is not HTTP/1.1: ' in answer


def test_connection_refuses_headers_that_are_too_large(server) -> None:
    with server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("cut", [slice(None), slice(-1), slice(12)])
def test_connection_that_is_closed_in_the_middle_of_a_request_frees_its_bytes(
    server, jpeg, cut: slice
) -> None:
    with server.connect() as client:
        client.sendall((server.request_head(1000) + b"x")[cut])
    assert server.send_photo(jpeg()).status == 200
    server.wait_for("ctc_held_bytes", 0)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + 90_000 * b"a" + b"\r\n\r\n",
        b"GET /healthz?" + 40_000 * b"a" + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
        + b"".join(b"X%d: %s\r\n" % (number, 3000 * b"a") for number in range(20))
        + b"\r\n",
    ],
)
def test_connection_refuses_large_headers(server, head: bytes) -> None:
    with server.connect() as client:
        client.sendall(head)
        answer = received(client)
    # h11 refuses what comes in several parts, the middleware what comes at once
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


def test_connection_of_a_request_with_two_lengths_is_closed(server) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.connect() as client:
        client.sendall(
            b"POST /v1/models/model:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
        )
        answer = received(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
