"""Limits of size and time of request bodies."""

from __future__ import annotations


def test_read_body_refuses_a_declared_length_that_is_too_large(serve) -> None:
    server = serve(limits={"max_body_bytes": 1000})
    with server.connect() as client:
        client.sendall(server.request_head(10**12))
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_read_body_refuses_a_body_that_turns_out_too_large(serve) -> None:
    server = serve(limits={"max_body_bytes": 1000})
    reply = server.ask("POST", "/v1/models/model:predict", iter([b"x" * 600] * 2))
    assert (reply.status, reply.error) == (
        413,
        "the body is larger than the limit of 0.001 MB: send fewer photos at a time",
    )


def test_read_body_gives_up_a_body_that_does_not_arrive(serve) -> None:
    server = serve(limits={"timeout": 0.2})
    with server.connect() as client:
        client.sendall(server.request_head(100) + b"x")
        assert client.recv(65536).startswith(b"HTTP/1.1 408 ")
