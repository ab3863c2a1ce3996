"""What is too much, too late or too slow is refused, and the server goes on."""

from __future__ import annotations

import logging
import socket
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

from ctc.serving.http import connection

FOUR_TOGETHER = {"batch_size": 4, "wait": 3600.0}
"""The network waits until it can be shown four photos."""


def head(length: int, kind: str = "image/jpeg") -> bytes:
    text = f"POST /v1/models/model:predict HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    return text.encode()


def send_photos(server, photo: bytes, count: int):
    """So many photos in one request."""
    return server.predict({"instances": [{"b64": b64encode(photo).decode()}] * count})


def connect(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection; nothing when it cuts it off."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        parts.clear()
    return b"".join(parts)


def test_a_body_that_says_it_is_too_large_is_refused_at_once(serve) -> None:
    small = serve(limits={"body": 1000})
    with connect(small) as client:
        client.sendall(head(10**12))
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_turns_out_too_large_is_refused(serve) -> None:
    small = serve(limits={"body": 1000})
    reply = small.ask("POST", "/v1/models/model:predict", iter([b"x" * 600] * 2))
    assert (reply.status, reply.error) == (
        413,
        "the body is larger than the 0.001 MB that this server takes: send fewer photos",
    )


def test_more_bodies_than_memory_shall_hold_are_refused(serve, jpeg) -> None:
    small = serve(limits={"body": 1000, "held": 1000})
    with connect(small) as slow:
        slow.sendall(head(1000) + b"x" * 900)
        small.wait_for("ctc_held_bytes", 900)
        reply = small.send_photo(jpeg())
        assert (reply.status, reply.error.startswith("too much at once: 0.001 MB of requests")) == (
            429,
            True,
        )
        assert int(reply.headers["retry-after"]) >= 1
    small.wait_for("ctc_held_bytes", 0)
    assert small.send_photo(jpeg()).status == 200


def test_a_full_queue_refuses_with_a_time_to_try_again_and_recovers(serve, jpeg) -> None:
    small = serve(limits={"queue": 4, "photos": 4}, **FOUR_TOGETHER)
    with ThreadPoolExecutor() as clients:
        three = clients.submit(send_photos, small, jpeg(), 3)
        small.wait_for("ctc_queue_photos", 3)
        refused = send_photos(small, jpeg(), 2)
        assert (refused.status, refused.error) == (
            429,
            "too much at once: 4 photos wait already; try again in 1 s",
        )
        assert refused.headers["retry-after"] == "1"
        assert small.send_photo(jpeg()).status == three.result().status == 200


def test_an_answer_that_takes_too_long_is_given_up(serve, jpeg) -> None:
    hasty = serve(limits={"seconds": 1}, **FOUR_TOGETHER)
    reply = hasty.send_photo(jpeg())
    assert (reply.status, reply.error.startswith("no answer within 1 s")) == (504, True)
    assert hasty.figure("ctc_queue_photos") == 0


def test_a_body_that_does_not_arrive_is_given_up(serve) -> None:
    hasty = serve(limits={"seconds": 0.2})
    with connect(hasty) as client:
        client.sendall(head(100) + b"x")
        assert client.recv(65536).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "asks_to_close", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"]
)
def test_who_sends_all_before_reading_gets_the_refusal_too(serve, asks_to_close: bytes) -> None:
    with connect(serve(limits={"body": 1000})) as client:
        client.sendall(
            b"POST /v1/models/model:predict " + asks_to_close + b"Content-Length: 20000000\r\n\r\n"
        )
        client.sendall(bytes(20_000_000))
        assert received(client).startswith(b"HTTP/1.1 413 ")


def test_a_head_that_dribbles_in_is_cut_off_and_told(serve, jpeg, monkeypatch, caplog) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT", 0.3)
    caplog.set_level(logging.INFO, "ctc.serving.http.connection")
    patient = serve()
    with connect(patient) as idle, connect(patient) as dribbling:
        dribbling.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert (received(idle), received(dribbling)) == (b"", b"")
    assert caplog.messages == 2 * ["a connection of 127.0.0.1 is cut off: no request for 0.3 s"]
    assert patient.send_photo(jpeg()).status == 200


def test_a_second_head_that_dribbles_in_is_cut_off(serve, monkeypatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT", 0.3)
    with connect(serve()) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += client.recv(65536)
        client.sendall(b"GET /hea")
        assert received(client) == b""


def test_a_refused_body_that_goes_on_is_cut_off(serve, monkeypatch) -> None:
    monkeypatch.setattr(connection, "STALL_TIMEOUT", 0.3)
    with connect(serve(limits={"body": 1000})) as client:
        client.sendall(head(10**12))
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")
        stop = threading.Event()
        sender = threading.Thread(target=_send_on, args=[client, stop])
        sender.start()
        received(client)
        stop.set()
        sender.join()


def _send_on(client: socket.socket, stop: threading.Event) -> None:
    try:
        while not stop.wait(0.02):
            client.sendall(b"x" * 1000)
    except OSError:
        stop.set()


def ask_without_end(client: socket.socket) -> None:
    while True:
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")


def test_a_client_that_does_not_fetch_its_answers_is_cut_off(serve, monkeypatch) -> None:
    monkeypatch.setattr(connection, "STALL_TIMEOUT", 0.3)
    server = serve()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        with pytest.raises(ConnectionError):
            ask_without_end(client)
    assert server.get("/healthz").status == 200


def test_more_connections_than_there_may_be_are_cut_off(serve, monkeypatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 2)
    server = serve()
    with connect(server), connect(server), connect(server) as third:
        assert received(third) == b""


def test_the_last_answer_of_a_server_that_stops_says_so(serve, jpeg) -> None:
    server = serve(batch_size=2, wait=0.5)
    with ThreadPoolExecutor() as clients:
        last = clients.submit(server.send_photo, jpeg())
        server.wait_for("ctc_queue_photos", 1)
        server.server.should_exit = True
        assert (last.result().status, last.result().headers["connection"]) == (200, "close")


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9\r\n\r\n", b"\r\nx\r\n\r\n"],
)
def test_what_is_not_http_is_refused(server, sent: bytes) -> None:
    with connect(server) as client:
        client.sendall(sent + b"\r\n\r\n")
        answer = received(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'{"error": "this is not HTTP/1.1: ' in answer


def test_a_head_that_is_too_large_is_refused(server) -> None:
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [head(1000) + b"x", head(1000), b"POST /v1/mod"])
def test_a_client_that_leaves_in_mid_request_harms_nobody(server, jpeg, sent: bytes) -> None:
    with connect(server) as client:
        client.sendall(sent)
    assert server.send_photo(jpeg()).status == 200
    server.wait_for("ctc_held_bytes", 0)


def test_a_client_that_does_not_wait_for_the_answer_frees_its_place(serve, jpeg) -> None:
    small = serve(limits={"queue": 4, "photos": 4}, **FOUR_TOGETHER)
    with connect(small) as client:
        client.sendall(head(len(jpeg())) + jpeg())
        small.wait_for("ctc_queue_photos", 1)
    small.wait_for("ctc_queue_photos", 0)
    assert send_photos(small, jpeg(), 4).status == 200


def test_photos_of_several_requests_share_a_batch(serve, jpeg) -> None:
    server = serve(**FOUR_TOGETHER)
    with ThreadPoolExecutor() as clients:
        replies = [
            clients.submit(server.send_photo, jpeg((60 * number, 0, 99))) for number in range(4)
        ]
    foxes = [
        one.result().json["predictions"][0]["labels"]["species"]["probabilities"]["fox"]
        for one in replies
    ]
    assert sorted(foxes) == foxes
    assert len(set(foxes)) == 4
    assert server.figure('ctc_batch_photos_count{model="model"}') == 1
